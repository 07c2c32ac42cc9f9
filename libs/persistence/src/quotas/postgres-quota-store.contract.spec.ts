import { describeQuotaStoreContract, InMemoryQuotaStore } from '@distributary/distribution-core/testing';
import { describeOnDatabases } from '../testing/describe-on-databases.js';
import { PostgresQuotaStore } from './postgres-quota-store.js';

describeQuotaStoreContract('InMemoryQuotaStore', async () => new InMemoryQuotaStore());

describeOnDatabases((database) => {
  describeQuotaStoreContract('PostgresQuotaStore', async () => {
    await database.dataSource.query('TRUNCATE tenant_quotas');
    return new PostgresQuotaStore(database.dataSource);
  });
});
