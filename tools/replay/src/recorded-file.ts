import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { ReplayError } from './column-map.js';

export interface RecordedRow {
  /** Counted from 1; the line of the names is none. */
  readonly number: number;
  readonly values: readonly (string | null)[];
}

const READERS: Readonly<Record<string, string>> = {
  // Every column as it is written: a guessed type would make doubles of prices.
  csv: 'read_csv(?, header = true, all_varchar = true)',
  parquet: 'read_parquet(?)',
};
const MEMORY = '512MiB';
const THREADS = '2';

/** A table in a file, read by DuckDB as texts, a vector of rows (2,048) at a time. */
export class RecordedFile {
  private constructor(
    private readonly path: string,
    private readonly reader: string,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    readonly columns: readonly string[],
  ) {}

  /** A {@link ReplayError} if it is no table. */
  static async open(path: string): Promise<RecordedFile> {
    const ending = /\.([a-z]+)(?:\.gz)?$/i.exec(path)?.[1].toLowerCase() ?? '';
    if (!Object.hasOwn(READERS, ending)) throw new ReplayError(`${path} must end in .csv, .csv.gz or .parquet`);
    const reader = READERS[ending];
    const instance = await DuckDBInstance.create(':memory:', {
      threads: THREADS,
      memory_limit: MEMORY,
      autoinstall_known_extensions: 'false',
    });
    const connection = await instance.connect();
    try {
      // Times with a zone are written in it.
      await connection.run(`SET TimeZone = 'UTC'`);
      const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${reader}`, [path]);
      const columns = described.getRows().map(([name]) => String(name));
      return new RecordedFile(path, reader, instance, connection, columns);
    } catch (error) {
      instance.closeSync();
      throw asReplayError(error);
    }
  }

  /** In the order of the file. */
  async *rows(columns: readonly string[]): AsyncGenerator<readonly RecordedRow[]> {
    const texts = columns.map((name) => `CAST("${name.replaceAll('"', '""')}" AS VARCHAR)`);
    let number = 0;
    try {
      const result = await this.connection.stream(`SELECT ${texts.join(', ')} FROM ${this.reader}`, [this.path]);
      for await (const rows of result.yieldRows()) {
        yield rows.map((values) => ({ number: ++number, values: values as (string | null)[] }));
      }
    } catch (error) {
      throw asReplayError(error);
    }
  }

  /** The same for the same bytes. */
  async contentHash(): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(this.path)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

const asReplayError = (error: unknown): ReplayError =>
  new ReplayError(error instanceof Error ? error.message : String(error), { cause: error });
