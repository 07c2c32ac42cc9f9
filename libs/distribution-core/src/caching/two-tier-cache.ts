import type { Cache, CacheInvalidations, CacheStatistics } from '../ports/cache.port.js';

export interface TwoTierOptions {
  /** In this process. */
  readonly near: Cache;
  /** Shared by all. */
  readonly far: Cache;
  readonly invalidations: CacheInvalidations;
  /** A value from the far one is kept near for this long at most: its own time is not known here. */
  readonly nearTtlMs: number;
}

/**
 * What this process asked for lately is near, what any process asked for is far. A deletion is told to the others, which
 * forget their near copy; if that hint is lost, they give it for `nearTtlMs` at most.
 */
export class TwoTierCache implements Cache {
  private hits = 0;
  private misses = 0;
  /** Grows with each invalidation, so that a value fetched before one is not put near after it. */
  private generation = 0;

  constructor(private readonly options: TwoTierOptions) {
    options.invalidations.onInvalidated((key) => {
      this.generation++;
      if (key !== undefined) void options.near.delete(key);
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const { near, far, nearTtlMs } = this.options;
    const close = await near.get(key);
    if (close !== undefined) return this.hit(close);
    const { generation } = this;
    const distant = await far.get(key);
    if (distant === undefined) {
      this.misses++;
      return undefined;
    }
    if (generation === this.generation) await near.set(key, distant, nearTtlMs);
    return this.hit(distant);
  }

  async set(key: string, value: Uint8Array, ttlMs: number): Promise<boolean> {
    const { near, far, nearTtlMs } = this.options;
    const [, isStored] = await Promise.all([
      near.set(key, value, Math.min(ttlMs, nearTtlMs)),
      far.set(key, value, ttlMs),
    ]);
    return isStored;
  }

  async delete(key: string): Promise<boolean> {
    this.generation++;
    const [, isDeleted] = await Promise.all([this.options.near.delete(key), this.options.far.delete(key)]);
    // After the far one has forgotten it, or others would fetch it again.
    this.options.invalidations.publish(key);
    return isDeleted;
  }

  stats(): CacheStatistics {
    const [near, far] = [this.options.near.stats(), this.options.far.stats()];
    return {
      hits: this.hits,
      misses: this.misses,
      evictions: near.evictions,
      entries: near.entries,
      bytes: near.bytes,
      // Without the far one it still works, less well.
      isAvailable: far.isAvailable,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.options.near.close(), this.options.far.close()]);
  }

  private hit(value: Uint8Array): Uint8Array {
    this.hits++;
    return value;
  }
}
