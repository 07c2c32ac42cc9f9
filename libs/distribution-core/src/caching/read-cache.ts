import { DistributionError } from '../errors/distribution-error.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import type { Cache, CacheStatistics } from '../ports/cache.port.js';
import type { Clock } from '../ports/clock.port.js';
import type { Metrics } from '../ports/metrics.port.js';
import { AccessSketch } from './access-sketch.js';

/** One kind of reads: how a value is had, and for how long it may be told again. */
export interface CachedRead<Value> {
  /** Before the colon of its keys, and in the metrics. */
  readonly kind: string;
  /** No answer is older than this. */
  readonly ttlMs: number;
  /** Of a refusal with one of `negativeCodes`; shorter, since what is missing may come. */
  readonly negativeTtlMs?: number;
  /** Refusals that are kept, too, so that asking for what is not there costs as little. */
  readonly negativeCodes?: readonly ErrorCode[];
  /** Values are JSON. */
  load(argument: string): Promise<Value> | Value;
}

export interface ReadCacheOptions {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** In front of every key: whose they are. */
  readonly prefix: string;
  /** Keys whose use is remembered. */
  readonly trackedKeys?: number;
  /** Of those, the most wanted that are loaded ahead of being asked for. */
  readonly preloadedKeys?: number;
}

export interface ReadStatistics extends CacheStatistics {
  /** Of all reads since the start, those that were not loaded. 0 before the first. */
  readonly hitRatio: number;
  readonly loads: number;
  /** Reads that waited for a load that was under way. */
  readonly shared: number;
  readonly preloads: number;
}

/** `at`: epoch milliseconds, when it was loaded, since a tier may keep it for longer than it is good for. */
type Stored = { readonly at: number } & (
  { readonly value: unknown } | { readonly code: ErrorCode; readonly message: string }
);

const PREDICTION_KEY = 'access';
const PREDICTION_TTL_MS = 24 * 3_600_000;
/** The prediction is stored this often, in ticks. */
const REMEMBER_EVERY_TICKS = 60;
const KNOWN_CODES: ReadonlySet<string> = new Set(ERROR_CODES);

/**
 * Reads that may be answered by what was found a moment ago. One load at a time for a key, whoever asks; a refusal that
 * is an answer (`service.not_found`) is kept as one. What is asked for often is loaded again before its time is over, and
 * once at the start, by what the last hour of this and former processes predicts. Never on the path of events.
 */
export class ReadCache {
  private readonly loading = new Map<string, Promise<Stored>>();
  private readonly reads = new Map<string, CachedRead<unknown>>();
  private readonly sketch: AccessSketch;
  private hits = 0;
  private loads = 0;
  private shared = 0;
  private preloads = 0;
  private ticks = 0;
  private isStopped = false;
  private cancel: () => void = () => undefined;
  private readonly counters;

  constructor(private readonly options: ReadCacheOptions) {
    const { clock, metrics } = options;
    this.sketch = new AccessSketch(options.trackedKeys ?? 1_000, clock);
    this.counters = {
      hit: metrics.counter('cache_reads_total', 'Reads that a cache could answer, by how they were', { result: 'hit' }),
      load: metrics.counter('cache_reads_total', 'Reads that a cache could answer, by how they were', {
        result: 'load',
      }),
      shared: metrics.counter('cache_reads_total', 'Reads that a cache could answer, by how they were', {
        result: 'shared',
      }),
      ratio: metrics.gauge('cache_hit_ratio', 'Share of reads that were not loaded, since the start'),
      bytes: metrics.gauge('cache_bytes', 'Keys and values that this process keeps for reads'),
      available: metrics.gauge('cache_available', '1 if the shared cache answers, or there is none'),
    };
  }

  /** Makes a kind of reads known; the function reads one of them. Failure: that of `load`. */
  reader<Value>(read: CachedRead<Value>): (argument: string) => Promise<Value> {
    this.reads.set(read.kind, read);
    return (argument) => this.read(read, argument);
  }

  /**
   * Loads what is always wanted (`kind:argument`) and what the last hour of former processes predicts, and every
   * `everyMs` what the last hour of this one predicts. Errors are for those who ask.
   */
  async start(everyMs: number, always: readonly string[] = []): Promise<void> {
    const predicted = await this.options.cache.get(`${this.options.prefix}${PREDICTION_KEY}`);
    const keys = predicted === undefined ? [] : (JSON.parse(Buffer.from(predicted).toString()) as unknown);
    await this.preload(always);
    if (Array.isArray(keys)) await this.preload(keys.filter((key) => typeof key === 'string'));
    this.schedule(everyMs);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.rememberAccess();
    await this.options.cache.close();
  }

  stats(): ReadStatistics {
    const { hits, loads, shared, preloads } = this;
    const all = hits + loads + shared;
    return {
      ...this.options.cache.stats(),
      hits,
      misses: loads,
      hitRatio: all === 0 ? 0 : (hits + shared) / all,
      loads,
      shared,
      preloads,
    };
  }

  private async read<Value>(read: CachedRead<Value>, argument: string): Promise<Value> {
    const key = this.keyOf(read.kind, argument);
    this.sketch.touch(`${read.kind}:${argument}`);
    const underWay = this.loading.get(key);
    if (underWay !== undefined) {
      this.shared++;
      this.counters.shared.add();
      return valueOf<Value>(await underWay);
    }
    const kept = await this.options.cache.get(key);
    const stored = kept === undefined ? undefined : (JSON.parse(Buffer.from(kept).toString()) as Stored);
    if (stored !== undefined && this.nowMs() - stored.at < ttlOf(read, stored)) {
      this.hits++;
      this.counters.hit.add();
      return valueOf<Value>(stored);
    }
    return valueOf<Value>(await this.loadOnce(read, argument, key));
  }

  private loadOnce(read: CachedRead<unknown>, argument: string, key: string): Promise<Stored> {
    const underWay = this.loading.get(key);
    if (underWay !== undefined) {
      this.shared++;
      this.counters.shared.add();
      return underWay;
    }
    this.loads++;
    this.counters.load.add();
    const load = this.load(read, argument, key).finally(() => this.loading.delete(key));
    this.loading.set(key, load);
    return load;
  }

  private async load(read: CachedRead<unknown>, argument: string, key: string): Promise<Stored> {
    const { negativeCodes = [] } = read;
    const stored = await Promise.resolve()
      .then(() => read.load(argument))
      .then(
        (value): Stored => ({ at: this.nowMs(), value }),
        (error: unknown): Stored => {
          if (!(error instanceof DistributionError) || !negativeCodes.includes(error.code)) throw error;
          return { at: this.nowMs(), code: error.code, message: error.message };
        },
      );
    await this.options.cache.set(key, Buffer.from(JSON.stringify(stored)), ttlOf(read, stored));
    return stored;
  }

  private schedule(everyMs: number): void {
    this.cancel = this.options.clock.after(everyMs, () => {
      const { cache } = this.options;
      const { bytes, isAvailable } = cache.stats();
      this.counters.bytes.set(bytes);
      this.counters.available.set(isAvailable ? 1 : 0);
      this.counters.ratio.set(this.stats().hitRatio);
      if (++this.ticks % REMEMBER_EVERY_TICKS === 0) void this.rememberAccess();
      void this.preload(this.sketch.top(this.preloadedKeys)).finally(() => {
        if (!this.isStopped) this.schedule(everyMs);
      });
    });
  }

  private get preloadedKeys(): number {
    return this.options.preloadedKeys ?? 20;
  }

  /** One after another: warming must not look like an attack to what it warms from. */
  private async preload(keys: readonly string[]): Promise<void> {
    for (const key of keys.slice(0, this.preloadedKeys)) {
      const at = key.indexOf(':');
      const read = this.reads.get(key.slice(0, at));
      if (read === undefined) continue;
      this.preloads++;
      const argument = key.slice(at + 1);
      await this.load(read, argument, this.keyOf(read.kind, argument)).catch(() => undefined);
    }
  }

  private async rememberAccess(): Promise<void> {
    const top = this.sketch.top(this.preloadedKeys);
    if (top.length === 0) return;
    const key = `${this.options.prefix}${PREDICTION_KEY}`;
    await this.options.cache.set(key, Buffer.from(JSON.stringify(top)), PREDICTION_TTL_MS);
  }

  private nowMs(): number {
    return this.options.clock.nowMicros() / 1_000;
  }

  private keyOf(kind: string, argument: string): string {
    return `${this.options.prefix}${kind}:${argument}`;
  }
}

const ttlOf = ({ ttlMs, negativeTtlMs = ttlMs }: CachedRead<unknown>, stored: Stored): number =>
  'code' in stored ? negativeTtlMs : ttlMs;

function valueOf<Value>(stored: Stored): Value {
  if ('value' in stored) return stored.value as Value;
  // A process of another version may know codes that this one does not.
  const code = KNOWN_CODES.has(stored.code) ? stored.code : 'internal';
  throw new DistributionError(code, stored.message);
}
