import { describeCursorStoreContract } from '@distributary/distribution-core/testing';
import type { DataSource } from 'typeorm';
import { createDataSource, migrate } from './data-source.js';
import { PostgresCursorStore } from './postgres-cursor-store.js';
import { type TestDatabaseServer, testDatabaseServers } from './testing/test-database.js';

describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('on $name', ({ open }) => {
  let server: TestDatabaseServer;
  let dataSource: DataSource;
  beforeAll(async () => {
    server = await open();
    dataSource = createDataSource({ url: await server.create(), owner: 'distribution' });
    await dataSource.initialize();
    await migrate(dataSource);
  }, 60_000);
  afterAll(async () => {
    await dataSource.destroy();
    await server.stop();
  });

  describeCursorStoreContract('PostgresCursorStore', async () => {
    await dataSource.query('TRUNCATE subscription_cursors, subscription_ownership');
    const store = new PostgresCursorStore(dataSource);
    return {
      store,
      forget: (subscriptionId) => store.forget(subscriptionId),
      // The database's own clock runs by itself.
      pass: async () => undefined,
    };
  });

  it('forgets a subscription with its positions', async () => {
    const store = new PostgresCursorStore(dataSource);
    const ownership = await store.acquire('gone', 'me', 60_000);
    if (ownership === 'taken') throw new Error('taken');
    await store.store(ownership, [{ topic: 't', partition: 0, epoch: 'e', position: '11' }]);
    await store.forget('gone');
    expect(await store.load('gone')).toEqual([]);
    expect(await store.renew(ownership)).toBe('lost');
  });

  it('says that the store is unavailable when the database does not answer', async () => {
    const nowhere = createDataSource({ url: 'postgres://a:b@127.0.0.1:1/x', owner: 'distribution' });
    const store = new PostgresCursorStore(nowhere);
    await expect(store.load('s')).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});
