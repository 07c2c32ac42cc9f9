import type { Clock, Counter, Gauge, Metrics } from '@distributary/distribution-core';

export interface RememberedLookupsOptions<Found> {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Of the metrics' label. */
  readonly name: string;
  /** At the limit the one that was asked for longest ago is forgotten. */
  readonly maxEntries: number;
  /** How long an answer holds; `Infinity`: until it is forgotten. */
  readonly termMs: (found: Found) => number;
}

interface Entry<Found> {
  readonly found: Found;
  readonly untilMs: number;
}

/** Answers that are kept for a term, the most recently asked; never asked for twice at a time. Failures are not kept. */
export class RememberedLookups<Key, Found> {
  private readonly entries = new Map<Key, Entry<Found>>();
  private readonly underWay = new Map<Key, Promise<Found>>();
  private readonly hits: Counter;
  private readonly misses: Counter;
  private readonly gauge: Gauge;

  constructor(private readonly options: RememberedLookupsOptions<Found>) {
    const { metrics, name } = options;
    const help = 'Schemas that were looked for, and whether they were remembered';
    this.hits = metrics.counter('schema_lookups_total', help, { of: name, outcome: 'hit' });
    this.misses = metrics.counter('schema_lookups_total', help, { of: name, outcome: 'miss' });
    this.gauge = metrics.gauge('schema_lookups_remembered', 'Answers of the schema registry in memory', { of: name });
  }

  /** Undefined if it is not remembered. */
  peek(key: Key): Found | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (entry.untilMs <= this.options.clock.monotonicMs()) return undefined;
    this.entries.set(key, entry);
    this.hits.add();
    return entry.found;
  }

  async get(key: Key, load: () => Promise<Found>): Promise<Found> {
    const known = this.peek(key);
    if (known !== undefined) return known;
    const loading = this.underWay.get(key) ?? this.load(key, load);
    return loading;
  }

  private load(key: Key, load: () => Promise<Found>): Promise<Found> {
    this.misses.add();
    const loading = load()
      .then((found) => {
        this.remember(key, found);
        return found;
      })
      .finally(() => this.underWay.delete(key));
    this.underWay.set(key, loading);
    return loading;
  }

  private remember(key: Key, found: Found): void {
    const { clock, maxEntries, termMs } = this.options;
    this.entries.set(key, { found, untilMs: clock.monotonicMs() + termMs(found) });
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= maxEntries) break;
      this.entries.delete(oldest);
    }
    this.gauge.set(this.entries.size);
  }
}
