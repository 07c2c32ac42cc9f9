import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { type Clock, DistributionError, type Metrics } from '@distributary/distribution-core';
import { translatedError } from '../archive/duckdb.errors.js';
import { laneParameters, STAGED_ROWS, stageRows } from '../archive/row-table.js';
import type { SeamedSources } from './seam.js';

export interface HistoryDatabaseOptions {
  readonly threads: number;
  readonly memoryBytes: number;
  /** Where queries that need more memory put what they have. */
  readonly spillFolder: string;
  readonly maxQueries: number;
  readonly timeoutMs: number;
}

export interface HistoryQuery {
  readonly statement: string;
  readonly parameters: Readonly<Record<string, DuckDBValue>>;
  /** What is in the table `live` while the statement runs; no such table if there is nothing. */
  readonly live: SeamedSources['live'];
  /** Aborted: it is stopped, and rejects. */
  readonly signal?: AbortSignal;
}

const RETRY_AFTER_MS = 1_000;

/**
 * DuckDB as the reader of the archive: in memory, with no data of its own. It works in its own threads; at most
 * `maxQueries` at once, the next one is refused with `gateway.full`. One that takes longer than `timeoutMs` is stopped and
 * rejects with `store.unavailable`.
 */
export class HistoryDatabase {
  private running = 0;
  private readonly duration;
  private readonly refused;

  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly clock: Clock,
    private readonly options: HistoryDatabaseOptions,
    metrics: Metrics,
  ) {
    const buckets = [5, 20, 50, 100, 500, 1000, 5000, 30_000];
    this.duration = metrics.histogram('history_query_ms', 'How long queries of the archive took', buckets);
    this.refused = metrics.counter('history_refused_total', 'Queries that were refused or stopped at a limit');
  }

  static async open(clock: Clock, metrics: Metrics, options: HistoryDatabaseOptions): Promise<HistoryDatabase> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(options.threads),
      memory_limit: `${Math.ceil(options.memoryBytes / 2 ** 20)}MiB`,
      temp_directory: options.spillFolder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new HistoryDatabase(instance, clock, options, metrics);
  }

  async rows({ statement, parameters, live, signal }: HistoryQuery): Promise<readonly (readonly DuckDBValue[])[]> {
    if (this.running >= this.options.maxQueries) {
      this.refused.add();
      throw new DistributionError('gateway.full', `${this.running} queries of history are under way`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.running++;
    const startMs = this.clock.monotonicMs();
    try {
      const connection = await this.instance.connect();
      return await this.withinTime(connection, signal, async () => {
        await this.fillLive(connection, live);
        return (await connection.runAndReadAll(statement, { ...parameters })).getRows();
      });
    } finally {
      this.running--;
      this.duration.observe(this.clock.monotonicMs() - startMs);
    }
  }

  /** Queries under way fail. */
  close(): void {
    this.instance.closeSync();
  }

  private async withinTime<Result>(
    connection: DuckDBConnection,
    signal: AbortSignal | undefined,
    query: () => Promise<Result>,
  ): Promise<Result> {
    const { timeoutMs } = this.options;
    let isLate = false;
    const interrupt = () => connection.interrupt();
    signal?.addEventListener('abort', interrupt, { once: true });
    const cancel = this.clock.after(timeoutMs, () => {
      isLate = true;
      interrupt();
    });
    try {
      return await query();
    } catch (error) {
      if (!isLate) throw translatedError(error);
      this.refused.add();
      throw new DistributionError(
        'store.unavailable',
        `history took longer than ${timeoutMs} ms; ask for a shorter range`,
        {
          retryAfterMs: RETRY_AFTER_MS,
        },
      );
    } finally {
      signal?.removeEventListener('abort', interrupt);
      cancel();
      connection.closeSync();
    }
  }

  private async fillLive(connection: DuckDBConnection, live: SeamedSources['live']): Promise<void> {
    for (const [index, { lane, rows }] of live.entries()) {
      await stageRows(connection, rows, this.clock);
      const into = index === 0 ? 'CREATE TEMP TABLE live AS' : 'INSERT INTO live';
      await connection.run(`${into} ${STAGED_ROWS}`, laneParameters(lane));
    }
  }
}
