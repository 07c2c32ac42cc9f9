import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { subscribed, webSocketDoor } from '@distributary/distribution-service/testing';
import { Redis } from 'ioredis';
import { type RunningServer, startRedis } from '../../../tools/stack/src/index.js';
import { aQuote, aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';

const PREFIX = '/api/v1/market-data';
const TRADES = 'market-data/normalized/equities';
/** What is written every few seconds is there by then. */
const DEADLINE_MS = 30_000;

describe('the running service and Redis', () => {
  let server: RunningServer;
  let redis: Redis;
  let app: TestApp;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    app = await TestApp.start({ REDIS_URL: server.url });
  }, 120_000);
  afterAll(async () => {
    await redis.quit();
    await app.stop();
    await server.stop();
  }, 60_000);

  /** Once it is there, with what is left of its time to live. */
  const valueOf = (key: string, isIt: (value: Record<string, unknown>) => boolean = () => true) =>
    until(
      key,
      async () => {
        const text = await redis.get(key);
        const value = text === null ? undefined : (JSON.parse(text) as Record<string, unknown>);
        return value !== undefined && isIt(value) && { value, leftMs: await redis.pttl(key) };
      },
      DEADLINE_MS,
    );
  const publishUntilThere = (symbol: string) =>
    until(
      'the newest of the symbol',
      async () => {
        // One process at a time has the duty; by then it has.
        await app.publish(aTrade(symbol, { price: 150.25 }));
        return (await redis.exists(`latest:${symbol}`)) === 1;
      },
      DEADLINE_MS,
    );

  it('has the newest of each symbol there for a minute, as normalized data', async () => {
    const symbol = aSymbol();
    await publishUntilThere(symbol);
    await app.publish(aQuote(symbol, { ask_price: 151 }));
    const { value, leftMs } = await valueOf(`latest:${symbol}`, ({ ask_price: price }) => price === 151);
    expect(value).toMatchObject({
      symbol,
      exchange: 'NASDAQ',
      currency: 'USD',
      bid_price: 150.24,
      data_type: 'QUOTE',
      topic: 'market-data/quotes/equities',
      topic_version: expect.any(Number),
    });
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });

  it('answers from there what a process has not heard', async () => {
    const symbol = aSymbol();
    const path = `${PREFIX}/${symbol}/latest`;
    expect((await app.get(path)).status).toBe(404);
    const data = { symbol, exchange: 'XNYS', currency: 'USD', price: 9, timestamp: '2025-06-21T09:30:00.200Z' };
    const heard = aSymbol();
    await publishUntilThere(heard);
    const { value: known } = await valueOf(`latest:${heard}`);
    const { topic, topic_version } = known;
    const value = { ...data, data_type: 'TRADE', source: 'elsewhere', topic, topic_version };
    await redis.set(`latest:${symbol}`, JSON.stringify(value), 'PX', 60_000);
    expect(await app.get(path)).toMatchObject({ status: 200, body: { symbol, data, source: 'elsewhere' } });
    await app.publish(aTrade(symbol, { price: 10 }));
    await until('its own', async () => (await app.get(path)).body.source === 'unknown');
  });

  it('has there what topics hold, for half a minute', async () => {
    await app.publish(aTrade(aSymbol()));
    const { value, leftMs } = await valueOf(`topic_stats:${TRADES}`, ({ lanes }) =>
      (lanes as { events: number }[]).some(({ events }) => events > 0),
    );
    expect(value).toMatchObject({ topic: TRADES, atMicros: expect.any(Number) });
    expect((value.lanes as unknown[])[0]).toMatchObject({
      partition: 0,
      epoch: expect.any(String),
      bytes: expect.any(Number),
      subscribers: expect.any(Number),
    });
    expect(leftMs).toBeGreaterThan(10_000);
    expect(leftMs).toBeLessThanOrEqual(30_000);
    // Whoever asks now is told the same, as of when it was so, or something newer that is there as well.
    const { body } = await app.get(`${PREFIX}/topics/${encodeURIComponent(TRADES)}/stats`);
    const told = Date.parse(body.generated_at as string) * 1_000;
    expect(told).toBeGreaterThanOrEqual(Math.floor((value.atMicros as number) / 1_000) * 1_000);
    const later = await valueOf(`topic_stats:${TRADES}`);
    expect(later.value.atMicros).toBeGreaterThanOrEqual(told);
  });

  it('has there how subscriptions are, for five minutes, and nothing of those that are gone', async () => {
    const name = randomUUID();
    const path = `${PREFIX}/subscriptions/${name}`;
    const made = { subscription_id: name, type: 'exclusive', patterns: ['market-data/quotes/#'] };
    expect((await app.post(`${PREFIX}/subscriptions`, made)).status).toBe(201);
    const { value, leftMs } = await valueOf(`subscription:${name}`);
    expect(value).toEqual({ status: 'ACTIVE', topic: 'market-data/quotes/#' });
    expect(leftMs).toBeGreaterThan(150_000);
    expect(leftMs).toBeLessThanOrEqual(300_000);
    expect((await app.post(`${path}/pause`, {})).status).toBe(200);
    await valueOf(`subscription:${name}`, ({ status }) => status === 'PAUSED');
    expect((await app.delete(path)).status).toBe(204);
    await until('it is forgotten', async () => (await redis.exists(`subscription:${name}`)) === 0, DEADLINE_MS);
  }, 90_000);

  it('has there the rules of each pattern, for a quarter of an hour', async () => {
    const rule = {
      name: randomUUID(),
      source_pattern: 'market-data/bars/#',
      target_topic: 'market-data/status',
      priority: 3,
      enabled: false,
    };
    expect((await app.post(`${PREFIX}/routing/rules`, rule)).status).toBe(201);
    const { value, leftMs } = await valueOf('routing:market-data/bars/#');
    expect(value).toMatchObject([{ name: rule.name, sourcePattern: rule.source_pattern, enabled: false, priority: 3 }]);
    expect(leftMs).toBeGreaterThan(440_000);
    expect(leftMs).toBeLessThanOrEqual(900_000);
  });

  it('has there how each lane keeps up, for ten seconds', async () => {
    const stream = await subscribed(webSocketDoor, app, { patterns: [TRADES] });
    const { value, leftMs } = await valueOf(`backpressure:${TRADES}:0`);
    expect(value).toEqual({
      process: expect.any(String),
      state: 'flowing',
      subscribers: expect.any(Number),
      behind: 0,
      blocked: 0,
      pendingBytes: expect.any(Number),
    });
    expect(value.subscribers).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(10_000);
    await stream.close();
  });
});

describe('the running service while Redis goes', () => {
  it('distributes as before, counts what is not stored, and drains', async () => {
    const server = await startRedis();
    const app = await TestApp.start({ REDIS_URL: server.url });
    const symbol = aSymbol();
    const reader = await subscribed(webSocketDoor, app, { symbols: [symbol] });
    const redis = new Redis(server.url);
    await until(
      'the duty',
      async () => {
        await app.publish(aTrade(symbol));
        return (await redis.exists(`latest:${symbol}`)) === 1;
      },
      DEADLINE_MS,
    );
    await redis.quit();
    await server.stop('SIGKILL');
    const before = reader.record.received().length;
    for (let n = 0; n < 20; n++) await app.publish(aTrade(symbol, { sequence: n }));
    await reader.record.events(before + 20);
    expect((await app.get(`${PREFIX}/${symbol}/latest`)).status).toBe(200);
    const dropped = /distribution_cache_writes_total\{[^}]*kind="latest",result="dropped"[^}]*\} ([1-9]\d*)/;
    await until(
      'the drops to be counted',
      async () => {
        await app.publish(aTrade(symbol));
        const response = await fetch(`${app.httpUrl}/metrics?names=distribution_cache_writes_total`);
        return dropped.test(await response.text());
      },
      DEADLINE_MS,
    );
    await reader.close();
    const began = performance.now();
    await app.stop();
    expect(performance.now() - began).toBeLessThan(10_000);
  }, 120_000);
});
