import { type Cache, type Clock, type IdSource, TwoTierCache } from '@distributary/distribution-core';
import type { CacheConfig } from './cache.config.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';
import { RedisInvalidations } from './redis-invalidations.js';

export interface OpenCacheOptions {
  readonly config: CacheConfig;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Of the channel on which processes of one service tell each other what is no longer so. */
  readonly service: string;
  /** What Redis has is kept in memory for this long at most. */
  readonly nearTtlMs: number;
}

/** In memory; with a Redis, in memory before Redis. Never waits for Redis to be there. */
export function openCache({ config, clock, ids, service, nearTtlMs }: OpenCacheOptions): Cache {
  const near = new MemoryCache(config.CACHE_MEMORY_BYTES, clock);
  const url = config.REDIS_URL?.reveal();
  if (url === undefined) return near;
  const settings = { url, commandTimeoutMs: config.REDIS_COMMAND_TIMEOUT_MS };
  const invalidations = new RedisInvalidations({
    ...settings,
    channel: `${service}:invalidated`,
    processId: ids.uuid(),
  });
  const tiers = new TwoTierCache({ near, far: new RedisCache({ ...settings, clock }), invalidations, nearTtlMs });
  return {
    get: (key) => tiers.get(key),
    set: (key, value, ttlMs) => tiers.set(key, value, ttlMs),
    delete: (key) => tiers.delete(key),
    stats: () => tiers.stats(),
    close: async () => {
      await Promise.all([tiers.close(), invalidations.close()]);
    },
  };
}
