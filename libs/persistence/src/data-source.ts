import path from 'node:path';
import { DataSource, type DataSourceOptions, type MixedList } from 'typeorm';
import { sqlMigrations } from './sql-migrations.js';

export interface DataSourceSettings {
  readonly url: string;
  /** The schema of the tables, and the folder of their migrations: one owner each, nobody joins across. */
  readonly owner: string;
  /** Rows of the owner's tables. */
  readonly entities?: readonly (new () => object)[];
  readonly poolSize?: number;
  readonly migrationsFolder?: string;
}

const MIGRATIONS_FOLDER = path.resolve(import.meta.dirname, '../../../migrations');
/** Any number will do, as long as every process takes the same. */
const MIGRATION_LOCK = 7_101;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;

export function createDataSource(settings: DataSourceSettings): DataSource {
  const { url, owner, entities = [], poolSize = 8, migrationsFolder = MIGRATIONS_FOLDER } = settings;
  return new DataSource({
    type: 'postgres',
    name: owner,
    url,
    schema: owner,
    entities: entities as unknown as MixedList<new () => object>,
    migrations: sqlMigrations(path.join(migrationsFolder, owner)),
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: { statement_timeout: STATEMENT_TIMEOUT_MS, options: `-c search_path=${owner}` },
  } as DataSourceOptions);
}

/** Several processes may start at once: one migrates, the others wait and find it done. */
export async function migrate(dataSource: DataSource): Promise<void> {
  const { schema } = dataSource.options as { schema: string };
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await runner.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await dataSource.runMigrations();
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.release();
  }
}
