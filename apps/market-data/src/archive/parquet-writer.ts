import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance, listValue } from '@duckdb/node-api';
import { type Clock, DistributionError, type Lane } from '@distributary/distribution-core';
import type { ArchiveRow } from './archive-row.js';
import { rethrowTranslated } from './duckdb.errors.js';
import { laneParameters, PLACE, STAGED_ROWS, stageRows } from './row-table.js';

export interface ParquetWriterOptions {
  /** Of DuckDB's own; they do the encoding and compressing. */
  readonly threads: number;
  readonly memoryBytes: number;
}

const AS_PARQUET = '(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)';

/**
 * Makes Parquet files with DuckDB. It opens a database file in the archive's folder for nothing but DuckDB's lock on it: as
 * long as it is open no other process writes this archive, and the kernel gives the lock back when the process dies.
 *
 * `write` and `merge` may overlap each other, not themselves. Locks of files are a process's own: nobody may open the
 * archive of one folder twice in one process.
 */
export class ParquetWriter {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly staging: DuckDBConnection,
    private readonly merging: DuckDBConnection,
    private readonly clock: Pick<Clock, 'soon'>,
  ) {}

  /** `store.unavailable` while another process has the archive. */
  static async open(root: string, options: ParquetWriterOptions, clock: Pick<Clock, 'soon'>): Promise<ParquetWriter> {
    await mkdir(root, { recursive: true });
    let instance: DuckDBInstance;
    try {
      instance = await DuckDBInstance.create(path.join(root, 'writer.duckdb'), {
        threads: String(options.threads),
        memory_limit: `${Math.ceil(options.memoryBytes / 2 ** 20)}MiB`,
        temp_directory: path.join(root, '.spill'),
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
      });
    } catch (error) {
      throw new DistributionError(
        'store.unavailable',
        'another process writes the archive, or its folder is out of reach',
        {
          cause: error,
        },
      );
    }
    return new ParquetWriter(instance, await instance.connect(), await instance.connect(), clock);
  }

  /** The rows in their order, as one file. Returns how many have a figure that is in their JSON alone. */
  async write(lane: Lane, rows: readonly ArchiveRow[], target: string): Promise<number> {
    let outOfRange = 0;
    await this.attempt(rows.length, async () => {
      outOfRange = await stageRows(this.staging, rows, this.clock);
      const { rowsChanged } = await this.staging.run(`COPY (${STAGED_ROWS}) TO $target ${AS_PARQUET}`, {
        ...laneParameters(lane),
        target,
      });
      await this.staging.run('DROP TABLE staged');
      return rowsChanged;
    });
    return outOfRange;
  }

  /** All rows of the sources, by symbol and time: whoever wants one symbol then reads a few of the file's groups. */
  async merge(sources: readonly string[], expectedRows: number, target: string): Promise<void> {
    await this.attempt(expectedRows, async () => {
      const { rowsChanged } = await this.merging.run(
        `COPY (SELECT * FROM read_parquet($sources) ORDER BY symbol, ${PLACE}) TO $target ${AS_PARQUET}`,
        { sources: listValue([...sources]), target },
      );
      return rowsChanged;
    });
  }

  /** Ends what is under way without finishing it. */
  close(): void {
    for (const connection of [this.staging, this.merging]) {
      connection.interrupt();
      connection.closeSync();
    }
    this.instance.closeSync();
  }

  private async attempt(expectedRows: number, write: () => Promise<number>): Promise<void> {
    const written = await write().catch(rethrowTranslated);
    if (written !== expectedRows) {
      throw new DistributionError('internal', `a file got ${written} rows instead of ${expectedRows}`);
    }
  }
}
