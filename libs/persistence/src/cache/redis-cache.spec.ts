import { FakeClock, until } from '@distributary/distribution-core/testing';
import { cacheConfig } from './cache.config.js';
import { openCache } from './open-cache.js';
import { RedisCache } from './redis-cache.js';
import { connectRedis, disconnectRedis } from './redis-connection.js';
import { RedisInvalidations } from './redis-invalidations.js';

/** Nobody listens there, and nobody but the system may. What a real Redis does is tested in tools/stack. */
const NOWHERE = { url: 'redis://127.0.0.1:1', commandTimeoutMs: 50 };
const bytes = Buffer.from('1');

describe('without a Redis', () => {
  it('there is nothing in its cache, and nobody waits for it', async () => {
    const clock = new FakeClock();
    const cache = new RedisCache({ ...NOWHERE, clock, circuit: { failures: 2, openMs: 1_000, maxInFlight: 10 } });
    const began = performance.now();
    for (let index = 0; index < 100; index++) {
      expect(await cache.set('a', bytes, 60_000)).toBe(false);
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.delete('a')).toBe(false);
    }
    // 15 s if each of them waited for the time that a command has.
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 100, isAvailable: false });
    await cache.close();
  });

  it('invalidations reach nobody, and do no harm', async () => {
    const invalidations = new RedisInvalidations({ ...NOWHERE, channel: 'c', processId: 'p' });
    const told: unknown[] = [];
    invalidations.onInvalidated((key) => told.push(key));
    invalidations.publish('a');
    await invalidations.close();
    expect(told).toEqual([]);
  });

  it('a connection can be ended twice', async () => {
    const redis = connectRedis(NOWHERE);
    await disconnectRedis(redis);
    await disconnectRedis(redis);
    expect(redis.status).toBe('end');
  });

  // It waited for an event that never came, and the drain of a service whose Redis was away ran into its deadline.
  it('a connection that waits to be tried again is ended at once, and not tried again', async () => {
    const redis = connectRedis(NOWHERE);
    await until('a failed attempt', () => redis.status === 'reconnecting');
    let attempts = 0;
    redis.on('connecting', () => attempts++);
    await disconnectRedis(redis);
    await disconnectRedis(redis);
    let failures = 0;
    const other = connectRedis(NOWHERE).on('reconnecting', () => failures++);
    await until('time for another attempt', () => failures === 2);
    await disconnectRedis(other);
    expect(attempts).toBe(0);
  });

  it('a cache of two tiers works with its memory alone', async () => {
    const config = cacheConfig.parse({ REDIS_URL: NOWHERE.url, CACHE_MEMORY_BYTES: '100000' });
    const ids = { uuid: () => 'p', random: () => 0.5 };
    const cache = openCache({ config, clock: new FakeClock(), ids, service: 's', nearTtlMs: 1_000 });
    await cache.set('a', bytes, 60_000);
    expect(Buffer.from((await cache.get('a')) as Uint8Array).toString()).toBe('1');
    await cache.delete('a');
    expect(await cache.get('a')).toBeUndefined();
    expect(cache.stats()).toMatchObject({ hits: 1, isAvailable: false });
    await cache.close();
  });

  it('and without its URL there is memory only', async () => {
    const ids = { uuid: () => 'p', random: () => 0.5 };
    const config = cacheConfig.parse({});
    const cache = openCache({ config, clock: new FakeClock(), ids, service: 's', nearTtlMs: 1_000 });
    expect(cache.stats().isAvailable).toBe(true);
    await cache.close();
  });

  it.each([{ REDIS_URL: 'http://x' }, { CACHE_MEMORY_BYTES: '1' }, { REDIS_COMMAND_TIMEOUT_MS: 'soon' }])(
    'settings are refused that cannot be: %j',
    (settings) => {
      expect(cacheConfig.safeParse(settings).success).toBe(false);
    },
  );
});
