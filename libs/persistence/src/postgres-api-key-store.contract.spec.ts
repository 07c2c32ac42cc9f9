import { anApiKey, describeApiKeyStoreContract, until } from '@distributary/distribution-core/testing';
import type { Clock } from '@distributary/distribution-core';
import { createDataSource } from './data-source.js';
import { PostgresApiKeyStore } from './postgres-api-key-store.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

const clock = {
  after: (ms: number, action: () => void) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
} as Clock;

describeOnDatabases((database) => {
  describeApiKeyStoreContract('PostgresApiKeyStore', async () => {
    await database.dataSource.query('TRUNCATE api_keys');
    return new PostgresApiKeyStore(database.dataSource, clock);
  });

  it('listens again after its connection was cut', async () => {
    await database.dataSource.query('TRUNCATE api_keys');
    const store = new PostgresApiKeyStore(database.dataSource, clock);
    const told: string[] = [];
    const stop = store.onRevoked((id) => told.push(id));
    const listeners = `FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`;
    const [{ pid }] = await until('it listens', async () => {
      const rows = await database.dataSource.query<{ pid: number }[]>(`SELECT pid ${listeners}`);
      return rows.length > 0 && rows;
    });
    await database.dataSource.query(`SELECT pg_terminate_backend(pid) ${listeners}`);
    await until('it listens again', async () => {
      const rows = await database.dataSource.query<{ pid: number }[]>(`SELECT pid ${listeners}`);
      return rows.some((row) => row.pid !== pid);
    });
    await store.create(anApiKey());
    await store.revoke('acme', 'key00001', 1);
    await until('it is told', () => told.includes('key00001'));
    await stop();
  });

  it('is told of by another process, once', async () => {
    await database.dataSource.query('TRUNCATE api_keys');
    const other = createDataSource({
      url: database.url,
      owner: 'distribution',
    });
    await other.initialize();
    const [here, there] = [new PostgresApiKeyStore(database.dataSource, clock), new PostgresApiKeyStore(other, clock)];
    const told: string[] = [];
    const stop = there.onRevoked((id) => told.push(id));
    await until('it listens', async () => {
      const rows = await database.dataSource.query<unknown[]>(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`,
      );
      return rows.length > 0;
    });
    await here.create(anApiKey());
    await here.revoke('acme', 'key00001', 1);
    await until('it is told', () => told.length > 0);
    expect(told).toEqual(['key00001']);
    await stop();
    await other.destroy();
  });

  it('says that the store is unavailable when the database does not answer', async () => {
    const nowhere = createDataSource({ url: 'postgres://a:b@127.0.0.1:1/x', owner: 'distribution' });
    const store = new PostgresApiKeyStore(nowhere, clock);
    await expect(store.find('key00001')).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(store.revokedOf(['key00001'])).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(store.used(new Map([['key00001', 1]]))).rejects.toMatchObject({ code: 'store.unavailable' });
    await store.onRevoked(() => undefined)();
  });
});
