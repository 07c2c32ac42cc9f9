import type { Cache, Counter, Metrics } from '@distributary/distribution-core';

/** One kind of what the specification has in Redis: `<kind>:<argument>`, and for how long. */
export interface CachedKind {
  readonly name: string;
  readonly ttlMs: number;
}

/**
 * Values of one kind, as JSON, in a {@link Cache}: the value and nothing around it, for others read them with Redis. What
 * is there and cannot be read is not there. Never fails, but by `load`.
 */
export class CachedValues<Value> {
  private readonly loading = new Map<string, Promise<Value>>();
  private readonly hits: Counter;
  private readonly misses: Counter;
  private readonly stored: Counter;
  private readonly dropped: Counter;

  constructor(
    private readonly cache: Cache,
    private readonly kind: CachedKind,
    metrics: Metrics,
  ) {
    const counter = (result: string) =>
      metrics.counter('distribution_cache_reads_total', 'Looks into the distribution cache', {
        kind: kind.name,
        result,
      });
    const writes = (result: string) =>
      metrics.counter('distribution_cache_writes_total', 'Values for the distribution cache', {
        kind: kind.name,
        result,
      });
    this.stored = writes('stored');
    this.dropped = writes('dropped');
    this.hits = counter('hit');
    this.misses = counter('miss');
  }

  async get(argument: string): Promise<Value | undefined> {
    const value = parsed<Value>(await this.cache.get(this.keyOf(argument)));
    (value === undefined ? this.misses : this.hits).add();
    return value;
  }

  /** Whether Redis took it. If not it is dropped, but for the copy in memory, and counted. */
  async put(argument: string, value: Value): Promise<boolean> {
    const isStored = await this.cache.set(this.keyOf(argument), Buffer.from(JSON.stringify(value)), this.kind.ttlMs);
    (isStored ? this.stored : this.dropped).add();
    return isStored;
  }

  /** What it has is no longer so, here and in other processes. False: Redis may still have it. */
  forget(argument: string): Promise<boolean> {
    return this.cache.delete(this.keyOf(argument));
  }

  /** What it has, or what `load` gives, which is put there: one load at a time for an argument, whoever asks. */
  async read(argument: string, load: () => Promise<Value>): Promise<Value> {
    const underWay = this.loading.get(argument);
    if (underWay !== undefined) return underWay;
    const kept = await this.get(argument);
    if (kept !== undefined) return kept;
    const begun = this.loading.get(argument);
    if (begun !== undefined) return begun;
    const loading = this.loaded(argument, load).finally(() => this.loading.delete(argument));
    this.loading.set(argument, loading);
    return loading;
  }

  private async loaded(argument: string, load: () => Promise<Value>): Promise<Value> {
    const value = await load();
    await this.put(argument, value);
    return value;
  }

  private keyOf(argument: string): string {
    return `${this.kind.name}:${argument}`;
  }
}

function parsed<Value>(bytes: Uint8Array | undefined): Value | undefined {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Value;
  } catch {
    // Others may write to this Redis.
    return undefined;
  }
}
