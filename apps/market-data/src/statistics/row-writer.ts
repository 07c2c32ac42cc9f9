import { type Clock, type Counter, DistributionError, type Gauge, type Metrics } from '@distributary/distribution-core';

export interface RowWriterOptions<Row> {
  /** In the metrics. */
  readonly table: string;
  readonly write: (rows: readonly Row[]) => Promise<void>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
  /** Rows that wait; what comes beyond it is dropped and counted. */
  readonly capacity?: number;
  /** Rows of one statement. */
  readonly batch?: number;
  readonly writeEveryMs?: number;
}

const CAPACITY = 20_000;
const BATCH = 1_000;
const WRITE_EVERY_MS = 1_000;

/**
 * Puts rows into a table, many at a time, some time later. Whoever adds them never waits: beyond what it holds they are
 * dropped, and counted. Rows that the database could not take now are tried again; those that it refuses are dropped.
 */
export class RowWriter<Row> {
  private rows: Row[] = [];
  private cancel: (() => void) | undefined;
  private writing: Promise<void> | undefined;
  private isStopped = false;
  private readonly capacity: number;
  private readonly batch: number;
  private readonly written: Counter;
  private readonly dropped: Counter;
  private readonly waiting: Gauge;

  constructor(private readonly options: RowWriterOptions<Row>) {
    const { table, metrics, capacity = CAPACITY, batch = BATCH } = options;
    this.capacity = capacity;
    this.batch = batch;
    this.written = metrics.counter('statistics_rows_written_total', 'Rows of statistics that were kept', { table });
    this.dropped = metrics.counter('statistics_rows_dropped_total', 'Rows of statistics that were not kept', { table });
    this.waiting = metrics.gauge('statistics_rows_waiting', 'Rows of statistics that are not written yet', { table });
  }

  add(row: Row): void {
    if (this.isStopped || this.rows.length >= this.capacity) return this.dropped.add();
    this.rows.push(row);
    this.schedule();
  }

  /** Writes what waits, once; what the database does not take is dropped, and so is what comes later. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel?.();
    this.cancel = undefined;
    await this.writing;
    await this.flush();
    this.dropped.add(this.rows.length);
    this.rows = [];
    this.waiting.set(0);
  }

  private schedule(): void {
    if (this.cancel !== undefined || this.isStopped) return;
    this.cancel = this.options.clock.after(this.options.writeEveryMs ?? WRITE_EVERY_MS, () => {
      this.writing = this.flush().finally(() => {
        this.writing = this.cancel = undefined;
        if (this.rows.length > 0) this.schedule();
      });
    });
  }

  /** One statement at a time, until nothing waits or the database does not answer. */
  private async flush(): Promise<void> {
    while (this.rows.length > 0) {
      const batch = this.rows.slice(0, this.batch);
      try {
        await this.options.write(batch);
        this.written.add(batch.length);
      } catch (error) {
        this.options.onError(error);
        if (error instanceof DistributionError && error.code === 'store.unavailable') break;
        this.dropped.add(batch.length);
      }
      this.rows.splice(0, batch.length);
    }
    this.waiting.set(this.rows.length);
  }
}
