import { aDay, describeDailyDeliveryStoreContract } from '@distributary/distribution-core/testing';
import type { DataSource } from 'typeorm';
import { createDataSource, migrate } from './data-source.js';
import { PostgresDailyDeliveryStore } from './postgres-daily-delivery-store.js';
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

  describeDailyDeliveryStoreContract('PostgresDailyDeliveryStore', async () => {
    await dataSource.query('TRUNCATE delivery_statistics');
    return new PostgresDailyDeliveryStore(dataSource);
  });

  it('says that the store is unavailable when the database does not answer', async () => {
    const nowhere = createDataSource({ url: 'postgres://a:b@127.0.0.1:1/x', owner: 'distribution' });
    await expect(new PostgresDailyDeliveryStore(nowhere).add([aDay()])).rejects.toMatchObject({
      code: 'store.unavailable',
    });
  });
});
