import { noMetrics } from '@distributary/distribution-core';
import { aRule, until } from '@distributary/distribution-core/testing';
import { SystemClock, SystemIds } from '@distributary/distribution-nest';
import { cacheConfig } from '@distributary/persistence';
import { Redis } from 'ioredis';
import { type RunningServer, startRedis } from '../../../../tools/stack/src/index.js';
import { type DistributionCache, openDistributionCache } from './distribution-cache.js';

let server: RunningServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
}, 120_000);
afterAll(async () => {
  await redis.quit();
  await server.stop();
});
beforeEach(() => redis.flushall());

/** Of a process of its own, once its connection is there. */
async function aCache(): Promise<DistributionCache> {
  const cache = openDistributionCache({
    config: cacheConfig.parse({ REDIS_URL: server.url }),
    clock: new SystemClock(),
    ids: new SystemIds(),
    metrics: noMetrics,
  });
  await until('Redis', () => cache.cache.stats().isAvailable);
  return cache;
}

const quote = {
  symbol: 'AAPL',
  timestamp: '2025-06-21T09:30:00.200Z',
  data_type: 'QUOTE',
  source: 'x',
  topic: 'q',
  topic_version: 1,
  price: 150.25,
};

describe('the distribution cache in Redis', () => {
  it('has the keys, the values and the times to live of the specification', async () => {
    const cache = await aCache();
    const backpressure = {
      process: 'p',
      state: 'flowing',
      subscribers: 1,
      behind: 0,
      blocked: 0,
      pendingBytes: 0,
    } as const;
    const rule = aRule({ sourcePattern: 'market-data/#' });
    await cache.latest.put('AAPL', quote);
    await cache.topicStats.put('market-data/trades', { topic: 'market-data/trades', atMicros: 1, lanes: [] });
    await cache.subscription.put('risk', { status: 'PAUSED', topic: 'market-data/#' });
    await cache.routing.put('market-data/#', [rule]);
    await cache.putBackpressure('market-data/trades', 5, backpressure);
    const expected: Record<string, [unknown, number]> = {
      'latest:AAPL': [quote, 60_000],
      'topic_stats:market-data/trades': [{ topic: 'market-data/trades', atMicros: 1, lanes: [] }, 30_000],
      'subscription:risk': [{ status: 'PAUSED', topic: 'market-data/#' }, 300_000],
      'routing:market-data/#': [JSON.parse(JSON.stringify([rule])), 900_000],
      'backpressure:market-data/trades:5': [backpressure, 10_000],
    };
    expect((await redis.keys('*')).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, [value, ttlMs]] of Object.entries(expected)) {
      expect(JSON.parse((await redis.get(key)) as string)).toEqual(value);
      const left = await redis.pttl(key);
      expect(left).toBeGreaterThan(ttlMs - 5_000);
      expect(left).toBeLessThanOrEqual(ttlMs);
    }
    await cache.close();
  });

  it('gives one process what another one, or anybody with a Redis client, has put there', async () => {
    const [one, other] = await Promise.all([aCache(), aCache()]);
    await one.latest.put('AAPL', quote);
    expect(await other.latest.get('AAPL')).toEqual(quote);
    await redis.set('latest:MSFT', '{"symbol":"MSFT","price":1}', 'PX', 60_000);
    expect(await one.latest.get('MSFT')).toEqual({ symbol: 'MSFT', price: 1 });
    await redis.set('latest:BAD', '{', 'PX', 60_000);
    expect(await one.latest.read('BAD', async () => quote)).toEqual(quote);
    await Promise.all([one.close(), other.close()]);
  });

  it('sees within a second or so what another process has changed', async () => {
    const [one, other] = await Promise.all([aCache(), aCache()]);
    await one.latest.put('AAPL', quote);
    expect(await other.latest.get('AAPL')).toEqual(quote);
    await one.latest.put('AAPL', { ...quote, price: 151 });
    const began = performance.now();
    await until('the change', async () => (await other.latest.get('AAPL'))?.price === 151);
    expect(performance.now() - began).toBeLessThan(2_000);
    await Promise.all([one.close(), other.close()]);
  });

  it('goes on in memory when Redis is gone', async () => {
    const own = await startRedis();
    const cache = openDistributionCache({
      config: cacheConfig.parse({ REDIS_URL: own.url }),
      clock: new SystemClock(),
      ids: new SystemIds(),
      metrics: noMetrics,
    });
    await until('Redis', () => cache.cache.stats().isAvailable);
    await own.stop('SIGKILL');
    await until('the loss', async () => {
      await cache.latest.put('AAPL', quote);
      return !cache.cache.stats().isAvailable;
    });
    await cache.latest.put('AAPL', quote);
    expect(await cache.latest.get('AAPL')).toEqual(quote);
    await cache.close();
  }, 60_000);
});
