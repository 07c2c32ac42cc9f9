import path from 'node:path';
import {
  DataSource,
  type DataSourceOptions,
  type Logger,
  MigrationExecutor,
  type MixedList,
  type QueryRunner,
} from 'typeorm';
import { BoundedClient, type AnswerLimit } from './bounded-client.js';
import { storeError } from './postgres.errors.js';
import { sqlMigrations } from './sql-migrations.js';

export interface DataSourceSettings extends Partial<AnswerLimit> {
  readonly url: string;
  /** Names the folder of the migrations and, unless another is given, the schema of the tables (`-` is `_` there): nobody joins across. */
  readonly owner: string;
  readonly schema?: string;
  /** Rows of the owner's tables. */
  readonly entities?: readonly (new () => object)[];
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
  readonly migrationsFolder?: string;
}

const MIGRATIONS_FOLDER = path.resolve(import.meta.dirname, '../../../migrations');
/** Any number will do, as long as every process takes the same. */
export const MIGRATION_LOCK = 7_101;
const CONNECT_TIMEOUT_MS = 5_000;
/** Of the server for itself: shorter than it is waited for, so that it is the one who ends what takes too long. */
const STATEMENT_TIMEOUT_MS = 10_000;
const QUERY_TIMEOUT_MS = 15_000;

/** What fails is thrown, and logged where it stops travelling; TypeORM's own loggers write to the console. */
const SILENT: Logger = {
  log: () => undefined,
  logMigration: () => undefined,
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
};

export function createDataSource(settings: DataSourceSettings): DataSource {
  const {
    url,
    owner,
    schema = owner.replaceAll('-', '_'),
    entities = [],
    poolSize = 8,
    queryTimeoutMs = QUERY_TIMEOUT_MS,
    onQueryTimeout,
    statementTimeoutMs = Math.min(STATEMENT_TIMEOUT_MS, Math.floor((queryTimeoutMs * 2) / 3)),
    migrationsFolder = MIGRATIONS_FOLDER,
  } = settings;
  return new DataSource({
    type: 'postgres',
    name: owner,
    url,
    schema,
    entities: entities as unknown as MixedList<new () => object>,
    migrations: sqlMigrations(path.join(migrationsFolder, owner)),
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logger: SILENT,
    poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: {
      Client: BoundedClient,
      queryTimeoutMs,
      onQueryTimeout,
      statement_timeout: statementTimeoutMs,
      options: `-c search_path=${schema}`,
    },
  } as DataSourceOptions);
}

/**
 * Several processes may start at once: one migrates, the others wait, however long that takes, and find it done. All on
 * one connection, so that the smallest pool will do.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  await locked(dataSource, async (runner) => {
    const { schema } = dataSource.options as { schema: string };
    await runner.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await executor(dataSource, runner).executePendingMigrations();
  });
}

/** Takes back the last migration. */
export async function revertLast(dataSource: DataSource): Promise<void> {
  await locked(dataSource, (runner) => executor(dataSource, runner).undoLastMigration());
}

function executor(dataSource: DataSource, runner: QueryRunner): MigrationExecutor {
  const migrations = new MigrationExecutor(dataSource, runner);
  migrations.transaction = 'each';
  return migrations;
}

async function locked(dataSource: DataSource, work: (runner: QueryRunner) => Promise<void>): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as BoundedClient;
    // Neither waiting for one's turn nor a migration is a statement that got stuck.
    await runner.query('SET statement_timeout = 0');
    await client.patiently(() => runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]));
    try {
      await client.patiently(() => work(runner));
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
      await runner.query('RESET statement_timeout').catch(() => undefined);
    }
  } catch (thrown) {
    throw storeError(thrown);
  } finally {
    await runner.release();
  }
}
