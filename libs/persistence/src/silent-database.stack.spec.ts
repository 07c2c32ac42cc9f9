import { FakeClock, until } from '@distributary/distribution-core/testing';
import type { DataSource } from 'typeorm';
import { TestRelay } from '../../../tools/stack/src/index.js';
import { createDataSource } from './data-source.js';
import { NotificationListener } from './notification-listener.js';
import { translated } from './postgres.errors.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

const QUERY_TIMEOUT_MS = 400;
/** Much longer than a query may take, and much shorter than TCP would. */
const SOON_MS = 4_000;

describeOnDatabases((database) => {
  let relay: TestRelay;
  let far: DataSource;
  let timeouts: number;

  beforeEach(async () => {
    relay = await TestRelay.open(database.url);
    timeouts = 0;
    far = await createDataSource({
      url: relay.url,
      owner: 'distribution',
      poolSize: 2,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      onQueryTimeout: () => timeouts++,
    }).initialize();
    await database.dataSource.query('CREATE TABLE IF NOT EXISTS kept (name text)');
    await database.dataSource.query('TRUNCATE kept');
  });

  afterEach(async () => {
    relay.thaw();
    await far.destroy();
    await relay.close();
  });

  const serverPid = async (): Promise<number> =>
    (await far.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid'))[0].pid;
  const isThere = async (pid: number): Promise<boolean> => {
    const found = await database.dataSource.query<unknown[]>('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid]);
    return found.length > 0;
  };
  const kept = () => database.dataSource.query<{ name: string }[]>('SELECT name FROM kept');
  /** What comes of it, and when. */
  const outcomeOf = async (work: Promise<unknown>) => {
    const startMs = performance.now();
    const code = await translated(() => work).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
    return { code, isSoon: performance.now() - startMs < SOON_MS };
  };
  const GIVEN_UP = { code: 'store.unavailable', isSoon: true };

  describe('a database that does not answer', () => {
    it('is waited for no longer than it may take, and the connection is not used again', async () => {
      const pid = await serverPid();
      relay.freeze();
      expect(await outcomeOf(far.query('SELECT 1'))).toEqual(GIVEN_UP);
      expect(timeouts).toBe(1);
      relay.thaw();
      expect(await serverPid()).not.toBe(pid);
      await until('the server lets the old one go', async () => !(await isThere(pid)));
    });

    it('leaves no transaction open that a later query would get into', async () => {
      let pid = 0;
      const transaction = far.transaction(async (manager) => {
        [{ pid }] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
        await manager.query(`INSERT INTO kept VALUES ('first')`);
        relay.freeze();
        await manager.query(`INSERT INTO kept VALUES ('second')`);
      });
      expect(await outcomeOf(transaction)).toEqual(GIVEN_UP);
      relay.thaw();
      for (const name of ['third', 'fourth']) await far.query('INSERT INTO kept VALUES ($1)', [name]);
      await until('the server lets the old one go', async () => !(await isThere(pid)));
      expect(await kept()).toEqual([{ name: 'third' }, { name: 'fourth' }]);
    });

    it('fails all that wait on one connection, and those that wait for one get theirs', async () => {
      await Promise.all([far.query('SELECT pg_sleep(0.01)'), far.query('SELECT pg_sleep(0.01)')]);
      relay.freeze();
      const asked = Array.from({ length: 2 }, () => outcomeOf(far.query('SELECT 1')));
      const waiting = Array.from({ length: 4 }, () => outcomeOf(far.query('SELECT 2')));
      expect(await Promise.all(asked)).toEqual([GIVEN_UP, GIVEN_UP]);
      relay.thaw();
      for (const { isSoon } of await Promise.all(waiting)) expect(isSoon).toBe(true);
      expect(await outcomeOf(far.query('SELECT 3'))).toMatchObject({ code: 'answered' });
    });

    it('does not hold up who stops listening to it', async () => {
      const clock = new FakeClock();
      const listener = new NotificationListener(far, 'nothing', clock, () => undefined);
      listener.start();
      await listener.attempted;
      relay.freeze();
      expect(await outcomeOf(listener.stop())).toEqual({ code: 'answered', isSoon: true });
    });
  });
});
