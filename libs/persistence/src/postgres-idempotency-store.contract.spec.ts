import { describeIdempotencyStoreContract } from '@distributary/distribution-core/testing';
import { PostgresIdempotencyStore } from './postgres-idempotency-store.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

describeOnDatabases((database) => {
  describeIdempotencyStoreContract('PostgresIdempotencyStore', async () => {
    await database.dataSource.query('TRUNCATE idempotency_keys');
    // The database's clock goes by itself.
    return { store: new PostgresIdempotencyStore(database.dataSource), pass: () => Promise.resolve() };
  });
});
