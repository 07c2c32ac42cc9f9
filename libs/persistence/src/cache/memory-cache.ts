import type { Cache, CacheStatistics, Clock } from '@distributary/distribution-core';
import { LRUCache } from 'lru-cache';

/** What an entry takes besides its key and value; measured with some thousand small ones, rounded up. */
const ENTRY_OVERHEAD_BYTES = 256;
const BYTES_PER_CHARACTER = 2;

/** A {@link Cache} in this process, bounded by bytes: what was used longest ago goes first. */
export class MemoryCache implements Cache {
  private readonly entries: LRUCache<string, Uint8Array>;
  private hits = 0;
  private misses = 0;
  private evictions = 0;
  private isClosed = false;

  constructor(maxBytes: number, clock: Clock) {
    this.entries = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (value, key) => value.length + key.length * BYTES_PER_CHARACTER + ENTRY_OVERHEAD_BYTES,
      // Its own clock is a resolution of 1 ms away from the truth; ours is looked at each time.
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs() + 1 },
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') this.evictions++;
      },
    });
  }

  get(key: string): Promise<Uint8Array | undefined> {
    const value = this.entries.get(key);
    if (value === undefined) this.misses++;
    else this.hits++;
    return Promise.resolve(value);
  }

  set(key: string, value: Uint8Array, ttlMs: number): Promise<boolean> {
    if (!this.isClosed) this.entries.set(key, new Uint8Array(value), { ttl: Math.max(1, ttlMs) });
    return Promise.resolve(!this.isClosed);
  }

  delete(key: string): Promise<boolean> {
    this.entries.delete(key);
    return Promise.resolve(true);
  }

  stats(): CacheStatistics {
    const { hits, misses, evictions, entries } = this;
    return { hits, misses, evictions, entries: entries.size, bytes: entries.calculatedSize, isAvailable: true };
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.entries.clear();
    return Promise.resolve();
  }
}
