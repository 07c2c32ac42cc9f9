import { describeDeadLetterStoreContract } from '@distributary/distribution-core/testing';
import { PostgresDeadLetterStore } from './postgres-dead-letter-store.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

describeOnDatabases((database) => {
  describeDeadLetterStoreContract('PostgresDeadLetterStore', async () => {
    await database.dataSource.query('TRUNCATE dead_letters');
    return new PostgresDeadLetterStore(database.dataSource);
  });
});
