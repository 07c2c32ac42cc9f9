import { describeQuotaStoreContract, InMemoryQuotaStore } from '@distributary/distribution-core/testing';
import type { DataSource } from 'typeorm';
import { createDataSource, migrate } from '../data-source.js';
import { type TestDatabaseServer, testDatabaseServers } from '../testing/test-database.js';
import { PostgresQuotaStore } from './postgres-quota-store.js';

describeQuotaStoreContract('InMemoryQuotaStore', async () => new InMemoryQuotaStore());

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

  describeQuotaStoreContract('PostgresQuotaStore', async () => {
    await dataSource.query('TRUNCATE tenant_quotas');
    return new PostgresQuotaStore(dataSource);
  });
});
