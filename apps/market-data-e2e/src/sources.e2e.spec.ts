import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { aJwt, sseDoor, subscribed } from '@distributary/distribution-service/testing';
import { aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';
import { startSecured } from './secured.js';

describe('sources of market data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('are told of when numbers of theirs never came, or they begin anew', async () => {
    const [symbol, source] = [aSymbol(), `feed-${randomUUID().slice(0, 8)}`];
    const status = await subscribed(sseDoor, app, { data_types: ['STATUS'] });
    const told = (kind: string) =>
      status.record.received().filter(({ data }) => data.source === source && data.status === kind);
    const publish = (...sequences: readonly number[]) =>
      app.publish(...sequences.map((sequence) => aTrade(symbol, { sequence }, { metadata: { source } })));
    let next = 5_000;
    // The duty is taken a moment after the start.
    await until(
      'somebody who listens to the sources',
      async () => {
        await publish(next, next + 3);
        next += 4;
        await until('a gap', () => told('sequence_gap').length > 0, 2_500).catch(() => undefined);
        return told('sequence_gap').length > 0;
      },
      20_000,
    );
    const [{ data }] = told('sequence_gap');
    expect(Number(data.last_missing) - Number(data.first_missing)).toBe(1);
    await publish(1);
    await until('the new count', () => told('sequence_reset').length > 0);
    expect(told('sequence_reset')).toMatchObject([{ data: { source, symbol } }]);
    await status.close();
  }, 60_000);
});

describe('sources of several tenants', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startSecured();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const tenantWith = async (tenant: string, topics: Readonly<Record<string, string>>) => {
    const caller = app.as(await aJwt({ tenant }));
    for (const [name, data_type] of Object.entries(topics)) {
      const { status } = await caller.post('/api/v1/market-data/topics', { name, data_type });
      expect(status).toBe(201);
    }
    return caller;
  };
  const leftOut = async () => {
    const { text } = (await app.get('/metrics')).body as { text: string };
    return Number(/^market_status_dropped_total(?:\{.*\})? (\S+)$/m.exec(text)?.[1]);
  };

  it('are told of to the tenant whose they are, and counted where it has no topic of statuses', async () => {
    const trades = { 'market-data/normalized/equities': 'TRADE' };
    const acme = await tenantWith('acme', { ...trades, 'market-data/status': 'STATUS' });
    const bare = await tenantWith('bare', trades);
    const [symbol, source] = [aSymbol(), `feed-${randomUUID().slice(0, 8)}`];
    const numbered = (first: number, ...others: readonly number[]) =>
      [first, ...others].map((sequence) => aTrade(symbol, { sequence }, { metadata: { source } }));
    const ofStatus = { patterns: ['market-data/status'] };
    const [theirs, ours] = await Promise.all([acme, app].map((caller) => subscribed(sseDoor, caller, ofStatus)));
    let next = 1;
    // The duty is taken a moment after the start.
    await until(
      'somebody who listens to the sources',
      async () => {
        // Of one name and symbol in all three; nothing is missing from ours.
        await app.publish(...numbered(next, next + 1, next + 2, next + 3));
        for (const caller of [acme, bare]) await caller.publish(...numbered(next, next + 3));
        next += 4;
        await until('a gap', () => theirs.record.received().length > 0, 2_500).catch(() => undefined);
        return theirs.record.received().length > 0;
      },
      20_000,
    );
    const [{ data }] = theirs.record.received();
    expect(data).toMatchObject({ status: 'sequence_gap', source, symbol });
    expect(Number(data.last_missing) - Number(data.first_missing)).toBe(1);
    await until('what could not be told', async () => (await leftOut()) > 0);
    expect(ours.record.received()).toEqual([]);
    await theirs.close();
    await ours.close();
  }, 60_000);
});
