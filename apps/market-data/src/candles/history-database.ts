import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import type { Clock, Metrics } from '@distributary/distribution-core';
import { rethrowTranslated, translatedError } from '../archive/duckdb.errors.js';
import { laneParameters, STAGED_ROWS, stageRows } from '../archive/row-table.js';
import { QueryTurns, type QueryTurnOptions } from './query-turns.js';
import type { SeamedSources } from './seam.js';

export interface HistoryDatabaseOptions extends QueryTurnOptions {
  readonly threads: number;
  readonly memoryBytes: number;
  /** Where queries that need more memory put what they have. It is the database's own, which removes it in the end. */
  readonly spillFolder: string;
}

export interface HistoryQuery {
  readonly statement: string;
  readonly parameters: Readonly<Record<string, DuckDBValue>>;
  /** What is in the table `live` while the statement runs; no such table if there is nothing. */
  readonly live: SeamedSources['live'];
  /** Of the query's turn. Aborted: it is stopped, and rejects with its reason. */
  readonly signal: AbortSignal;
}

/** DuckDB as the reader of the archive: in memory, with no data of its own. It works in its own threads. */
export class HistoryDatabase {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly clock: Clock,
    /** Whoever queries has one of them. */
    readonly turns: QueryTurns,
    private readonly spillFolder: string,
  ) {}

  static async open(clock: Clock, metrics: Metrics, options: HistoryDatabaseOptions): Promise<HistoryDatabase> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(options.threads),
      memory_limit: `${Math.ceil(options.memoryBytes / 2 ** 20)}MiB`,
      temp_directory: options.spillFolder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new HistoryDatabase(instance, clock, new QueryTurns(clock, metrics, options), options.spillFolder);
  }

  async rows({ statement, parameters, live, signal }: HistoryQuery): Promise<readonly (readonly DuckDBValue[])[]> {
    signal.throwIfAborted();
    // Who writes the archive removes folders that nobody has used for long; DuckDB would not make it again.
    await mkdir(this.spillFolder, { recursive: true }).catch(rethrowTranslated);
    const connection = await this.instance.connect();
    // Of the statement that runs, not of the next one: so before each of them the signal is looked at.
    const interrupt = () => connection.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      await this.fillLive(connection, live, signal);
      signal.throwIfAborted();
      return (await connection.runAndReadAll(statement, { ...parameters })).getRows();
    } catch (error) {
      signal.throwIfAborted();
      throw translatedError(error);
    } finally {
      signal.removeEventListener('abort', interrupt);
      connection.closeSync();
    }
  }

  /** Queries under way fail. */
  close(): void {
    this.instance.closeSync();
    rmSync(this.spillFolder, { recursive: true, force: true });
  }

  private async fillLive(
    connection: DuckDBConnection,
    live: SeamedSources['live'],
    signal: AbortSignal,
  ): Promise<void> {
    for (const [index, { lane, rows }] of live.entries()) {
      await stageRows(connection, rows, this.clock, signal);
      const into = index === 0 ? 'CREATE TEMP TABLE live AS' : 'INSERT INTO live';
      signal.throwIfAborted();
      await connection.run(`${into} ${STAGED_ROWS}`, laneParameters(lane));
    }
  }
}
