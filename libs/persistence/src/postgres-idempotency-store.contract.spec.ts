import { describeIdempotencyStoreContract } from '@distributary/distribution-core/testing';
import type { DataSource } from 'typeorm';
import { createDataSource, migrate } from './data-source.js';
import { PostgresIdempotencyStore } from './postgres-idempotency-store.js';
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

  describeIdempotencyStoreContract('PostgresIdempotencyStore', async () => {
    await dataSource.query('TRUNCATE idempotency_keys');
    // The database's clock goes by itself.
    return { store: new PostgresIdempotencyStore(dataSource), pass: () => Promise.resolve() };
  });
});
