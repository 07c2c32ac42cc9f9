import { randomUUID } from 'node:crypto';
import { ask, idsOf, reopened, webSocketDoor } from '@distributary/distribution-service/testing';
import { openOwnDatabase, type OwnDatabase } from '@distributary/persistence/testing';
import { marketClient } from './doors/grpc.js';
import { aSymbol, trades } from './events.js';
import { TestApp } from './harness.js';

const SUBSCRIPTIONS = '/api/v1/market-data/subscriptions';

describe('a subscription whose row somebody else has set to', () => {
  let database: OwnDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await openOwnDatabase('market-data');
    app = await TestApp.start({ DATABASE_URL: database.url });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await database.stop();
  }, 60_000);

  const set = (name: string, status: string) =>
    database.rows.query('UPDATE subscriptions SET status = $1 WHERE subscription_id = $2', [status, name]);

  it.each([
    ['error', 'is in error', 'unhealthy'],
    ['stopped', 'is stopped', 'paused'],
  ])('%s is shown as such, and delivers nothing until it is resumed', async (status, told, health) => {
    const [symbol, name] = [aSymbol(), randomUUID()];
    await (await reopened(webSocketDoor, app, { name, symbols: [symbol], start: 'earliest' })).close();
    await set(name, status);
    const sent = trades(symbol, 2);
    await app.publish(...sent);

    expect(await app.get(`${SUBSCRIPTIONS}/${name}`)).toMatchObject({ status: 200, body: { status } });
    expect((await app.get(`${SUBSCRIPTIONS}/${name}/health`)).body).toMatchObject({ health, problems: [] });
    const { items } = (await app.get(`${SUBSCRIPTIONS}?status=${status}`)).body as {
      items: { subscription_id: string }[];
    };
    expect(items.map(({ subscription_id }) => subscription_id)).toEqual([name]);
    const client = marketClient(app);
    const manage = (action: string) => ask(app, client, 'ManageSubscription', { action, subscription: name });
    expect(await manage('GET')).toMatchObject({ status });
    const refused = await webSocketDoor.open(app, { name });
    const error = await refused.record.next('error');
    expect(error).toMatchObject({ code: 'subscription.paused', message: expect.stringContaining(told) });
    await refused.close();

    expect(await manage('RESUME')).toMatchObject({ status: 'active' });
    client.close();
    const reader = await reopened(webSocketDoor, app, { name });
    expect(idsOf(await reader.record.events(2))).toEqual(idsOf(sent));
    await reader.close();
  });

  it('stopped while it is received ends, and says why', async () => {
    const name = randomUUID();
    const reader = await reopened(webSocketDoor, app, { name, symbols: [aSymbol()] });
    await set(name, 'stopped');
    expect(await reader.record.next('error', 20_000)).toMatchObject({ id: 's', code: 'subscription.paused' });
    await reader.close();
  }, 30_000);
});
