import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';
import type { LookupSource } from '../ports/transformation-store.port.js';
import { fieldOf, type Json, type JsonObject } from './json-value.js';
import type { LookupTable } from './steps/step.js';

export interface LookupLimits {
  /** Older rows are read anew when they are asked for next; until the new ones are there, the old ones answer. */
  readonly ttlMs: number;
  /** Of all tenants. At the limit the one that was opened longest ago is not shared any more. */
  readonly maxTables: number;
}

export const DEFAULT_LOOKUP_LIMITS: LookupLimits = { ttlMs: 30_000, maxTables: 1_000 };

/**
 * Look-up tables as transformations read them: at once, from memory. Each is read from its source when it is opened and
 * again when its rows are old and somebody asks; never twice at a time. A source that fails changes nothing.
 */
export class LookupTables {
  private readonly tables = new Map<string, Promise<CachedTable>>();
  private readonly hits: Counter;
  private readonly misses: Counter;
  private readonly failures: Counter;
  private readonly gauge: Gauge;
  private readonly limits: LookupLimits;

  constructor(
    private readonly source: LookupSource,
    private readonly clock: Clock,
    metrics: Metrics,
    limits: Partial<LookupLimits> = {},
  ) {
    this.limits = { ...DEFAULT_LOOKUP_LIMITS, ...limits };
    this.hits = metrics.counter('lookup_hits_total', 'Keys that a look-up table had a row for');
    this.misses = metrics.counter('lookup_misses_total', 'Keys that a look-up table had no row for');
    this.failures = metrics.counter('lookup_load_failures_total', 'Look-up tables that could not be read anew');
    this.gauge = metrics.gauge('lookup_tables', 'Look-up tables in memory');
  }

  /** Undefined if there is none of that name. Failure: `store.unavailable`, if it was not read before. */
  async open(tenant: string, name: string): Promise<LookupTable | undefined> {
    const key = JSON.stringify([tenant, name]);
    let table = this.tables.get(key);
    if (table === undefined) {
      table = this.load(tenant, name);
      this.tables.set(key, table);
      for (const oldest of this.tables.keys()) {
        if (this.tables.size <= this.limits.maxTables) break;
        this.tables.delete(oldest);
      }
      this.gauge.set(this.tables.size);
    }
    try {
      return await table;
    } catch (error) {
      if (this.tables.get(key) === table) this.tables.delete(key);
      this.gauge.set(this.tables.size);
      if (error instanceof DistributionError && error.code === 'lookup_table.not_found') return undefined;
      throw error;
    }
  }

  /** Its rows were changed in this process: they are read anew when they are asked for next. */
  expire(tenant: string, name: string): void {
    void this.tables.get(JSON.stringify([tenant, name]))?.then(
      (table) => table.expire(),
      () => undefined,
    );
  }

  private async load(tenant: string, name: string): Promise<CachedTable> {
    const read = async () => {
      const found = await this.source.load(tenant, name);
      if (found === undefined) throw new DistributionError('lookup_table.not_found', `no look-up table ${name}`);
      return found.rows;
    };
    return new CachedTable(await read(), read, this.clock, this.limits.ttlMs, {
      hit: this.hits,
      miss: this.misses,
      failure: this.failures,
    });
  }
}

class CachedTable implements LookupTable {
  private readAtMs: number;
  private isReading = false;
  /** Changed since the last read began. */
  private isExpired = false;

  constructor(
    private rows: JsonObject,
    private readonly read: () => Promise<JsonObject>,
    private readonly clock: Clock,
    private readonly ttlMs: number,
    private readonly counts: { readonly hit: Counter; readonly miss: Counter; readonly failure: Counter },
  ) {
    this.readAtMs = clock.monotonicMs();
  }

  get(key: string): Json | undefined {
    if (!this.isReading && (this.isExpired || this.clock.monotonicMs() - this.readAtMs >= this.ttlMs)) {
      void this.readAgain();
    }
    const row = fieldOf(this.rows, key);
    this.counts[row === undefined ? 'miss' : 'hit'].add();
    return row;
  }

  expire(): void {
    this.isExpired = true;
  }

  /** Also after a failure the rows count as read, so that a source that is down is not asked for each event. */
  private async readAgain(): Promise<void> {
    this.isReading = true;
    this.isExpired = false;
    try {
      this.rows = await this.read();
    } catch {
      this.counts.failure.add();
    } finally {
      this.readAtMs = this.clock.monotonicMs();
      this.isReading = false;
    }
  }
}
