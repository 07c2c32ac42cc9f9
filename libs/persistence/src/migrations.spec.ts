import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import type { DataSource } from 'typeorm';
import { createDataSource, migrate, MIGRATION_LOCK, revertLast } from './data-source.js';
import { sqlMigrations } from './sql-migrations.js';
import { type TestDatabaseServer, testDatabaseServers } from './testing/test-database.js';

/** All that a migration can leave behind, as text. */
async function schemaOf(dataSource: DataSource, schema: string): Promise<string> {
  const rows = await dataSource.query<unknown[]>(
    `SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, collation_name
       FROM information_schema.columns WHERE table_schema = $1 ORDER BY 1, 2`,
    [schema],
  );
  const indexes = await dataSource.query<unknown[]>(
    'SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY 1',
    [schema],
  );
  const constraints = await dataSource.query<unknown[]>(
    `SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = $1::regnamespace ORDER BY 1`,
    [schema],
  );
  const functions = await dataSource.query<unknown[]>(
    'SELECT proname, prosrc, proconfig FROM pg_proc WHERE pronamespace = $1::regnamespace ORDER BY 1',
    [schema],
  );
  return JSON.stringify([rows, indexes, constraints, functions], null, 1);
}

describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('migrations on $name', ({ open }) => {
  let server: TestDatabaseServer;
  beforeAll(async () => {
    server = await open();
  }, 60_000);
  afterAll(() => server.stop());

  it.each(['distribution', 'monitoring', 'market-data'])(
    'of %s go up, down and up again without a difference',
    async (owner) => {
      const dataSource = createDataSource({ url: await server.create(), owner });
      await dataSource.initialize();
      await migrate(dataSource);
      const schema = owner.replace('-', '_');
      const before = await schemaOf(dataSource, schema);
      for (const _ of dataSource.migrations) await revertLast(dataSource);
      const empty = await dataSource.query<{ table_name: string }[]>(
        'SELECT table_name FROM information_schema.tables WHERE table_schema = $1',
        [schema],
      );
      expect(empty.map((row) => row.table_name)).toEqual(['migrations']);
      await migrate(dataSource);
      expect(await schemaOf(dataSource, schema)).toBe(before);
      await dataSource.destroy();
    },
  );

  it('are run once when several processes start at once', async () => {
    const url = await server.create();
    const sources = [1, 2, 3].map(() => createDataSource({ url, owner: 'monitoring' }));
    await Promise.all(sources.map(async (source) => migrate(await source.initialize())));
    const rows = await sources[0].query<unknown[]>('SELECT 1 FROM migrations');
    expect(rows).toHaveLength(sources[0].migrations.length);
    await Promise.all(sources.map((source) => source.destroy()));
  });

  it('wait for their turn longer than any statement may take, and leave that limit as it was', async () => {
    const url = await server.create();
    const source = createDataSource({
      url,
      owner: 'distribution',
      poolSize: 1,
      statementTimeoutMs: 50,
      queryTimeoutMs: 75,
    });
    await source.initialize();
    const other = createDataSource({ url, owner: 'monitoring' });
    await other.initialize();
    const holder = other.createQueryRunner();
    await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const migrated = migrate(source);
    await until('it has waited longer than a statement may', async () => {
      const [{ waiting }] = await other.query<{ waiting: boolean }[]>(
        `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
                          AND query_start < clock_timestamp() - interval '100 milliseconds') AS waiting`,
      );
      return waiting;
    });
    await holder.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    await holder.release();
    await migrated;
    await expect(source.query('SELECT pg_sleep(5)')).rejects.toThrow('statement timeout');
    await source.query('SET statement_timeout = 0');
    await expect(source.query('SELECT pg_sleep(5)')).rejects.toThrow('has not answered');
    await Promise.all([source.destroy(), other.destroy()]);
  });

  it('leave nothing of one that fails, and name it as our mistake', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-migrations-'));
    const write = (name: string, sql: string) => {
      mkdirSync(path.join(folder, 'broken'), { recursive: true });
      writeFileSync(path.join(folder, 'broken', name), sql);
    };
    write('0001-x.up.sql', 'CREATE TABLE half (id integer); SELECT * FROM nowhere');
    write('0001-x.down.sql', 'DROP TABLE half');
    const source = createDataSource({ url: await server.create(), owner: 'broken', migrationsFolder: folder });
    await source.initialize();
    await expect(migrate(source)).rejects.toMatchObject({ code: 'internal' });
    const tables = await source.query<unknown[]>("SELECT 1 FROM information_schema.tables WHERE table_name = 'half'");
    expect(tables).toEqual([]);
    await source.destroy();
    rmSync(folder, { recursive: true });
  });

  it('give the tables of the specification every column, default and limit', async () => {
    const dataSource = createDataSource({ url: await server.create(), owner: 'monitoring' });
    await dataSource.initialize();
    await migrate(dataSource);
    const columns = await dataSource.query<
      {
        table_name: string;
        column_name: string;
        type: string;
        length: number | null;
        required: string;
        fallback: string | null;
      }[]
    >(
      `SELECT table_name, column_name, data_type AS type, character_maximum_length AS length,
              CASE is_nullable WHEN 'NO' THEN 'required' ELSE 'optional' END AS required, column_default AS fallback
         FROM information_schema.columns WHERE table_schema = 'monitoring' AND table_name LIKE 'monitoring\\_%'`,
    );
    const found = (table: string, column: string) => {
      const row = columns.find((one) => one.table_name === table && one.column_name === column);
      return row && [row.type, row.length, row.required, row.fallback?.replace(/::.*$/, '') ?? null];
    };
    const varchar = 'character varying';
    const timestamp = 'timestamp with time zone';
    expect(found('monitoring_topics', 'id')).toEqual(['uuid', null, 'required', 'gen_random_uuid()']);
    expect(found('monitoring_topics', 'topic_name')).toEqual([varchar, 200, 'required', null]);
    expect(found('monitoring_topics', 'data_type')).toEqual([varchar, 50, 'required', null]);
    expect(found('monitoring_topics', 'partitions')).toEqual(['integer', null, 'required', '1']);
    expect(found('monitoring_topics', 'retention_policy')).toEqual([varchar, 50, 'optional', "'7d'"]);
    expect(found('monitoring_topics', 'enabled')).toEqual(['boolean', null, 'optional', 'true']);
    expect(found('monitoring_topics', 'created_at')).toEqual([timestamp, null, 'optional', 'now()']);
    expect(found('monitoring_subscriptions', 'id')).toEqual(['uuid', null, 'required', 'gen_random_uuid()']);
    expect(found('monitoring_subscriptions', 'subscription_id')).toEqual([varchar, 100, 'required', null]);
    expect(found('monitoring_subscriptions', 'topic_name')).toEqual([varchar, 200, 'required', null]);
    expect(found('monitoring_subscriptions', 'subscriber_service')).toEqual([varchar, 100, 'required', null]);
    expect(found('monitoring_subscriptions', 'filters')).toEqual(['json', null, 'optional', null]);
    expect(found('monitoring_subscriptions', 'delivery_guarantee')).toEqual([
      varchar,
      20,
      'optional',
      "'at_least_once'",
    ]);
    expect(found('monitoring_subscriptions', 'status')).toEqual([varchar, 20, 'optional', "'active'"]);
    expect(found('monitoring_subscriptions', 'created_at')).toEqual([timestamp, null, 'optional', 'now()']);
    await dataSource.destroy();
  });
});

describe('a folder of migrations', () => {
  it('must hold a way down for each way up', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-migrations-'));
    writeFileSync(path.join(folder, '0001-x.up.sql'), 'SELECT 1');
    expect(() => sqlMigrations(folder)).toThrow('0001-x.down.sql');
    rmSync(folder, { recursive: true });
  });
});

describe('a test database', () => {
  it('is refused if its name does not say so', () => {
    expect(() => testDatabaseServers('postgres://a@127.0.0.1/production')).toThrow('must contain "test"');
    expect(testDatabaseServers('postgres://a@127.0.0.1/my_test')).toHaveLength(2);
  });
});
