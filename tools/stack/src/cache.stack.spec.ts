import { randomUUID } from 'node:crypto';
import { type Cache, TwoTierCache } from '@distributary/distribution-core';
import { describeCacheContract, FakeClock, until } from '@distributary/distribution-core/testing';
import { loadConfig, SystemClock, SystemIds } from '@distributary/distribution-nest';
import { cacheConfig, MemoryCache, openCache, RedisCache, RedisInvalidations } from '@distributary/persistence';
import { type RunningServer, startRedis } from './index.js';

const COMMAND_TIMEOUT_MS = 100;
const clock = new SystemClock();
const bytes = (text: string): Uint8Array => Buffer.from(text);
const pass = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

let server: RunningServer;
beforeAll(async () => {
  server = await startRedis();
}, 120_000);
afterAll(() => server.stop());

/** Without an offline queue nothing is stored before the connection is there. */
async function available<Found extends Cache>(cache: Found): Promise<Found> {
  await until('Redis', () => cache.stats().isAvailable);
  return cache;
}

/** Each test has keys of its own. */
function apart(cache: Cache): Cache {
  const prefix = `${randomUUID()}:`;
  return {
    get: (key) => cache.get(prefix + key),
    set: (key, value, ttlMs) => cache.set(prefix + key, value, ttlMs),
    delete: (key) => cache.delete(prefix + key),
    stats: () => cache.stats(),
    close: () => cache.close(),
  };
}

const redisCache = () => new RedisCache({ url: server.url, commandTimeoutMs: COMMAND_TIMEOUT_MS, clock });

describeCacheContract('RedisCache', async () => ({ cache: apart(await available(redisCache())), pass }));

describeCacheContract('TwoTierCache of memory and Redis', async () => {
  const settings = { url: server.url, commandTimeoutMs: COMMAND_TIMEOUT_MS };
  const invalidations = new RedisInvalidations({ ...settings, channel: randomUUID(), processId: randomUUID() });
  const near = new MemoryCache(1_000_000, clock);
  const tiers = new TwoTierCache({ near, far: await available(redisCache()), invalidations, nearTtlMs: 5_000 });
  const cache = apart(tiers);
  return {
    cache: { ...cache, close: async () => void (await Promise.all([tiers.close(), invalidations.close()])) },
    pass,
  };
});

describe('two processes with one Redis', () => {
  const open = (service: string) => {
    const config = loadConfig({ REDIS_URL: server.url }, cacheConfig);
    return available(openCache({ config, clock, ids: new SystemIds(), service, nearTtlMs: 60_000 }));
  };

  it('share what one found, and forget together what one deleted', async () => {
    const [one, other] = await Promise.all(['shared', 'shared'].map(open));
    const textOf = async (cache: Cache) => Buffer.from((await cache.get('a')) ?? []).toString();
    await one.set('a', bytes('1'), 60_000);
    expect(await textOf(other)).toBe('1');
    // The hint needs the other's subscription, which follows its connection.
    await until('the hint', async () => {
      await one.delete('a');
      return (await textOf(other)) === '';
    });
    await one.set('a', bytes('2'), 60_000);
    expect(await textOf(other)).toBe('2');
    await Promise.all([one.close(), other.close()]);
  });
});

describe('a cache whose Redis goes away', () => {
  it('has nothing meanwhile, keeps nobody waiting, and is back with it', async () => {
    const redis = await startRedis();
    const cache = await available(new RedisCache({ url: redis.url, commandTimeoutMs: COMMAND_TIMEOUT_MS, clock }));
    await cache.set('a', bytes('1'), 60_000);
    await redis.stop('SIGKILL');
    await until('the loss', () => !cache.stats().isAvailable);
    const began = performance.now();
    for (let index = 0; index < 200; index++) await cache.get('a');
    // One command that waits for its time would be 20 s for all of them.
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await cache.get('a')).toBeUndefined();
    const back = await startRedis(redis.port);
    await until('the return', async () => {
      await cache.set('b', bytes('2'), 60_000);
      return (await cache.get('b')) !== undefined;
    });
    expect(cache.stats().isAvailable).toBe(true);
    await cache.close();
    await back.stop();
  }, 60_000);

  it('waits no longer than a command may take for one that hangs', async () => {
    const redis = await startRedis();
    const cache = await available(new RedisCache({ url: redis.url, commandTimeoutMs: COMMAND_TIMEOUT_MS, clock }));
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const began = performance.now();
      for (let index = 0; index < 50; index++) await cache.get('a');
      // Five time-outs open the circuit; each second one more command tries.
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(cache.stats().isAvailable).toBe(false);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await until('the return', async () => {
      await cache.set('b', bytes('2'), 60_000);
      return (await cache.get('b')) !== undefined;
    });
    await cache.close();
    await redis.stop();
  }, 60_000);

  it('starts without it', async () => {
    const nowhere = new RedisCache({ url: 'redis://127.0.0.1:1', commandTimeoutMs: 50, clock: new FakeClock() });
    await nowhere.set('a', bytes('1'), 60_000);
    expect(await nowhere.get('a')).toBeUndefined();
    expect(nowhere.stats()).toMatchObject({ isAvailable: false, misses: 1 });
    await nowhere.close();
  });
});
