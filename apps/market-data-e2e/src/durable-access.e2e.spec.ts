import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import {
  aJwt,
  ask,
  type Grant,
  type Selection,
  subscribed,
  webSocketDoor,
} from '@distributary/distribution-service/testing';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { managementClient, marketClient, typedDoor } from './doors/grpc.js';
import type { TestApp } from './harness.js';
import { startSecured } from './secured.js';

const API = '/api/v1/market-data';
const TRADES = 'market-data/normalized/equities';
const QUOTES = 'market-data/quotes/equities';

describe('a durable subscription that is asked for by who is permitted nothing of it', () => {
  let app: TestApp;
  let admin: TestApp;
  beforeAll(async () => {
    app = await startSecured();
    admin = await as();
    for (const name of [TRADES, QUOTES]) {
      const { status } = await admin.post(`${API}/topics`, { name, data_type: name === TRADES ? 'TRADE' : 'QUOTE' });
      if (status !== 201) throw new Error(`${name} answered ${status}`);
    }
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const as = async (...permissions: readonly Grant[]) =>
    app.as(await aJwt({ tenant: 'acme', ...(permissions.length > 0 && { permissions }) }));
  const forQuotes = () => as({ verbs: ['subscribe', 'read'], topic_pattern: QUOTES });
  const stored = async () => {
    const { body } = await admin.get(`${API}/subscriptions`);
    return (body.items as readonly { readonly subscription_id: string }[]).map(({ subscription_id: id }) => id);
  };

  /** gRPC StreamMarketData says no type. */
  const TYPED = COMMAND_DOORS.flatMap((door) =>
    (['exclusive', 'failover', 'shared', 'key_shared'] as const).map((type) => ({ door, type })),
  );

  it.each([...TYPED, { door: typedDoor, type: undefined }])(
    'is not stored over $door.name, of the type $type',
    async ({ door, type }) => {
      const name = randomUUID();
      const selection: Selection = { name, ...(type !== undefined && { type }), patterns: [TRADES] };
      const stream = await door.open(await forQuotes(), selection);
      const refused = await until('the refusal', () => stream.record.of('error')[0] ?? stream.record.end);
      expect(JSON.stringify(refused)).toContain('auth.forbidden');
      expect(await stored()).not.toContain(name);
      await stream.close();
    },
  );

  it.each([...COMMAND_DOORS, typedDoor])(
    'is not stored over $name if there is no such transformation',
    async (door) => {
      const name = randomUUID();
      const stream = await door.open(await as(), { name, patterns: [TRADES], transformation: 'nobodys' });
      const refused = await until('the refusal', () => stream.record.of('error')[0] ?? stream.record.end);
      expect(JSON.stringify(refused)).toContain('transformation.not_found');
      expect(await stored()).not.toContain(name);
      await stream.close();
    },
  );

  it('is not stored over REST, whichever way it is asked for', async () => {
    const [name, other] = [randomUUID(), randomUUID()];
    const reader = await forQuotes();
    expect(await reader.post(`${API}/subscriptions`, { subscription_id: name, patterns: [TRADES] })).toMatchObject({
      status: 403,
      body: { code: 'auth.forbidden' },
    });
    const request = { topic: TRADES, subscription: other, type: 'EXCLUSIVE' };
    expect(await reader.post(`${API}/subscription-requests`, request)).toMatchObject({ status: 403 });
    const all = await stored();
    expect(all).not.toContain(name);
    expect(all).not.toContain(other);
  });

  it('is not stored over the administration by gRPC', async () => {
    const [name, other] = [randomUUID(), randomUUID()];
    const reader = await forQuotes();
    const [market, management] = [marketClient(reader), managementClient(reader)];
    const request = { action: 'CREATE', subscription: name, topic: TRADES };
    await expect(ask(reader, market, 'ManageSubscription', request)).rejects.toMatchObject({
      code: 'auth.forbidden',
    });
    const creation = { subscription_id: other, patterns: [TRADES] };
    await expect(ask(reader, management, 'CreateSubscription', creation)).rejects.toMatchObject({
      code: 'auth.forbidden',
    });
    market.close();
    management.close();
    const all = await stored();
    expect(all).not.toContain(name);
    expect(all).not.toContain(other);
  });

  it('is stored, and shows what is permitted of it, for who may have a part', async () => {
    const name = randomUUID();
    const stream = await subscribed(webSocketDoor, await forQuotes(), { name, patterns: [TRADES, QUOTES] });
    expect(stream.record.of('subscribed')[0].positions.every(({ topic }) => topic === QUOTES)).toBe(true);
    expect(await stored()).toContain(name);
    await stream.close();
  });
});
