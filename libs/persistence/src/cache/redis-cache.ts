import type { Cache, CacheStatistics, Clock } from '@distributary/distribution-core';
import type { Redis } from 'ioredis';
import { Circuit, type CircuitLimits } from './circuit.js';
import { connectRedis, disconnectRedis, type RedisSettings } from './redis-connection.js';

export interface RedisCacheOptions extends RedisSettings {
  readonly clock: Clock;
  readonly circuit?: CircuitLimits;
}

/**
 * A {@link Cache} in Redis. While Redis does not answer there is nothing in it: after some time-outs in a row nobody waits
 * any more, once a second one asks, and when Redis is back so is the cache.
 */
export class RedisCache implements Cache {
  private readonly redis: Redis;
  private readonly circuit: Circuit;
  private hits = 0;
  private misses = 0;
  private isClosed = false;

  constructor({ clock, circuit, ...settings }: RedisCacheOptions) {
    this.redis = connectRedis(settings);
    this.circuit = new Circuit(clock, circuit);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const value = await this.circuit.call(() => this.redis.getBuffer(key));
    if (value === undefined || value === null || this.isClosed) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    return value;
  }

  async set(key: string, value: Uint8Array, ttlMs: number): Promise<boolean> {
    const bytes = Buffer.from(value);
    const answer = await this.circuit.call(() => this.redis.set(key, bytes, 'PX', Math.max(1, Math.round(ttlMs))));
    return answer !== undefined;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.circuit.call(() => this.redis.del(key))) !== undefined;
  }

  stats(): CacheStatistics {
    const isAvailable = this.circuit.state === 'closed' && this.redis.status === 'ready';
    return { hits: this.hits, misses: this.misses, evictions: 0, entries: 0, bytes: 0, isAvailable };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await disconnectRedis(this.redis);
  }
}
