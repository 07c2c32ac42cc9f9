import type { Cache, CacheInvalidations, CacheStatistics } from '../ports/cache.port.js';
import type { Clock } from '../ports/clock.port.js';

/** Unbounded, for tests; can be told to be away, as a server is. */
export class InMemoryCache implements Cache {
  private readonly entries = new Map<string, { readonly value: Uint8Array; readonly untilMs: number }>();
  private hits = 0;
  private misses = 0;
  private isClosed = false;
  isAway = false;

  constructor(private readonly clock: Clock) {}

  get(key: string): Promise<Uint8Array | undefined> {
    const found = this.isUsable ? this.entries.get(key) : undefined;
    const isThere = found !== undefined && found.untilMs > this.clock.monotonicMs();
    if (isThere) this.hits++;
    else this.misses++;
    return Promise.resolve(isThere ? found.value : undefined);
  }

  set(key: string, value: Uint8Array, ttlMs: number): Promise<boolean> {
    if (this.isUsable)
      this.entries.set(key, { value: new Uint8Array(value), untilMs: this.clock.monotonicMs() + ttlMs });
    return Promise.resolve(this.isUsable);
  }

  delete(key: string): Promise<boolean> {
    if (this.isUsable) this.entries.delete(key);
    return Promise.resolve(this.isUsable);
  }

  stats(): CacheStatistics {
    const { hits, misses } = this;
    return { hits, misses, evictions: 0, entries: this.entries.size, bytes: 0, isAvailable: this.isUsable };
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.entries.clear();
    return Promise.resolve();
  }

  private get isUsable(): boolean {
    return !this.isAway && !this.isClosed;
  }
}

/** Joins the caches of several "processes" of one test. */
export class InMemoryInvalidations {
  private readonly members: { listeners: ((key: string | undefined) => void)[] }[] = [];

  join(): CacheInvalidations {
    const own: { listeners: ((key: string | undefined) => void)[] } = { listeners: [] };
    this.members.push(own);
    return {
      publish: (key) => {
        for (const other of this.members) if (other !== own) for (const listener of other.listeners) listener(key);
      },
      onInvalidated: (listener) => own.listeners.push(listener),
    };
  }
}
