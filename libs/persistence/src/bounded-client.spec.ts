import { until } from '@distributary/distribution-core/testing';
import type { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { createDataSource } from './data-source.js';
import { translated } from './postgres.errors.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

const QUERY_TIMEOUT_MS = 200;
/** As if the server hung: it answers when nobody waits any more. */
const HANG = 'SELECT pg_sleep(1)';

describeOnDatabases((database) => {
  let timeouts: number;
  const opened: DataSource[] = [];
  const open = async (settings: { readonly statementTimeoutMs: number }) => {
    timeouts = 0;
    const source = createDataSource({
      url: database.url,
      owner: 'distribution',
      poolSize: 1,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      onQueryTimeout: () => timeouts++,
      ...settings,
    });
    opened.push(source);
    return source.initialize();
  };
  const impatient = () => open({ statementTimeoutMs: 10_000 });
  afterEach(() => Promise.all(opened.splice(0).map((source) => source.destroy())));

  const pidOf = async (source: DataSource) =>
    (await source.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid'))[0].pid;
  const GIVEN_UP = { code: 'store.unavailable', retryable: true };

  describe('a query that is not answered in time', () => {
    it('fails, and its connection is closed; the pool makes another one', async () => {
      const source = await impatient();
      const pid = await pidOf(source);
      const queries = [HANG, 'SELECT 1'].map((sql) => translated(() => source.query(sql)));
      await expect(queries[0]).rejects.toMatchObject(GIVEN_UP);
      await queries[1];
      expect(timeouts).toBe(1);
      expect(await pidOf(source)).not.toBe(pid);
    });

    it('takes its transaction with it, and no later query gets into that', async () => {
      const source = await impatient();
      await source.query('CREATE TABLE kept (name text)');
      const transaction = source.transaction(async (manager) => {
        await manager.query(`INSERT INTO kept VALUES ('first')`);
        await manager.query(HANG);
      });
      await expect(translated(() => transaction)).rejects.toMatchObject(GIVEN_UP);
      await source.query(`INSERT INTO kept VALUES ('second')`);
      const open = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now()`;
      await until('no transaction is open', async () => (await source.query<unknown[]>(open)).length === 0);
      expect(await source.query('SELECT name FROM kept')).toEqual([{ name: 'second' }]);
      await source.query('DROP TABLE kept');
    });

    it('fails for who is called back, too', async () => {
      const runner = (await impatient()).createQueryRunner();
      const client = (await runner.connect()) as Client;
      const ask = (sql: string) =>
        new Promise((resolve, reject) => {
          client.query(sql, (error: Error | null, answer: unknown) => (error ? reject(error) : resolve(answer)));
        });
      expect(await ask('SELECT 7 AS n')).toMatchObject({ rows: [{ n: 7 }] });
      await expect(ask(HANG)).rejects.toThrow(`has not answered within ${QUERY_TIMEOUT_MS} ms`);
      expect(runner.isReleased).toBe(true);
    });
  });

  it('the server itself ends a statement that takes too long, and the connection stays', async () => {
    const source = await open({ statementTimeoutMs: 50 });
    const pid = await pidOf(source);
    await expect(source.query(HANG)).rejects.toThrow('statement timeout');
    expect(await pidOf(source)).toBe(pid);
    expect(timeouts).toBe(0);
  });

  it('does so in time unless it is told otherwise', async () => {
    const limits = [3_000, 60_000].map(async (queryTimeoutMs) => {
      const source = createDataSource({ url: database.url, owner: 'distribution', queryTimeoutMs });
      opened.push(await source.initialize());
      return source.query('SHOW statement_timeout');
    });
    expect(await Promise.all(limits)).toEqual([[{ statement_timeout: '2s' }], [{ statement_timeout: '10s' }]]);
  });
});
