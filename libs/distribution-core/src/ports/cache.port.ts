/** Bytes, since that is what goes over a wire; whoever keeps values of its own encodes them (see `caching/read-cache.ts`). */
export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  /** Left out or thrown away because there was no room. */
  readonly evictions: number;
  readonly entries: number;
  /** Of keys and values that this process holds; 0 where another one holds them. */
  readonly bytes: number;
  /** False while a server behind it is not asked, because it does not answer. */
  readonly isAvailable: boolean;
}

/**
 * Copies of what can be had again. It may forget anything at any time and gives nothing after its time to live; a value
 * that was deleted is not given again by this process, and by others soon after.
 *
 * It never fails: what it cannot look up it does not have, and what it cannot store is not stored. `set` and `delete`
 * resolve with false if the server behind it did not say that it did so, and may have what it had. Calls may overlap; of two
 * that set the same key one wins.
 */
export interface Cache {
  get(key: string): Promise<Uint8Array | undefined>;
  /** `ttlMs` at least 1. A value that is larger than the cache takes is not stored. */
  set(key: string, value: Uint8Array, ttlMs: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  stats(): CacheStatistics;
  /** Lets go of what it holds, connections included; afterwards it has nothing. */
  close(): Promise<void>;
}

/** Tells the other processes which keys are no longer what they were. A hint: it may be lost. */
export interface CacheInvalidations {
  publish(key: string): void;
  /** Called for keys that other processes named, and with `undefined` if any may have been missed. */
  onInvalidated(listener: (key: string | undefined) => void): void;
}
