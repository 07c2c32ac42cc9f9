import type { Clock, Counter, Metrics } from '@distributary/distribution-core';
import type { CachedValues } from './cached-values.js';

export interface LatestWriterDependencies<Latest> {
  readonly latest: Pick<CachedValues<Latest>, 'put'>;
  /** What the symbol's value is when it is written; undefined if there is none any more. */
  readonly valueOf: (symbol: string) => Latest | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly writeEveryMs?: number;
  /** Symbols that wait; changes of others beyond that are counted, and written with their next change. */
  readonly capacity?: number;
}

const WRITE_EVERY_MS = 500;
const CAPACITY = 50_000;
/** Written at once; Redis answers them together. */
const AT_ONCE = 500;

/**
 * Keeps `latest:{symbol}` in step with the last values: however often a symbol changes, it is written once an interval. A
 * symbol that does not change any more leaves the cache with its time to live.
 */
export class LatestWriter<Latest> {
  private changedSymbols = new Set<string>();
  private cancel: (() => void) | undefined;
  private writing: Promise<void> | undefined;
  private readonly capacity: number;
  private readonly omitted: Counter;

  constructor(private readonly deps: LatestWriterDependencies<Latest>) {
    this.capacity = deps.capacity ?? CAPACITY;
    this.omitted = deps.metrics.counter(
      'latest_cache_omitted_total',
      'Changes of symbols too many to be put in the cache',
    );
  }

  start(): void {
    this.cancel ??= this.deps.clock.after(this.deps.writeEveryMs ?? WRITE_EVERY_MS, () => {
      this.cancel = undefined;
      // A Redis that is slower than the interval gets the next changes later, not more at once.
      this.writing ??= this.write().finally(() => {
        this.writing = undefined;
      });
      this.start();
    });
  }

  async stop(): Promise<void> {
    this.cancel?.();
    this.cancel = undefined;
    await this.writing;
    await this.write();
  }

  changed(symbol: string): void {
    if (this.changedSymbols.size < this.capacity) this.changedSymbols.add(symbol);
    else if (!this.changedSymbols.has(symbol)) this.omitted.add();
  }

  private async write(): Promise<void> {
    const symbols = [...this.changedSymbols];
    this.changedSymbols = new Set();
    for (let at = 0; at < symbols.length; at += AT_ONCE) {
      await Promise.all(symbols.slice(at, at + AT_ONCE).map((symbol) => this.put(symbol)));
    }
  }

  private async put(symbol: string): Promise<void> {
    const value = this.deps.valueOf(symbol);
    if (value !== undefined) await this.deps.latest.put(symbol, value);
  }
}
