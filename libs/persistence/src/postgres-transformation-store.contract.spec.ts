import {
  describeLookupTableContract,
  describeTransformationStoreContract,
} from '@distributary/distribution-core/testing';
import { PostgresLookupTables, PostgresTransformationStore } from './postgres-transformation-store.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

describeOnDatabases((database) => {
  beforeEach(() => database.dataSource.query('TRUNCATE transformations, lookup_tables'));

  describeTransformationStoreContract(
    'PostgresTransformationStore',
    () => new PostgresTransformationStore(database.dataSource),
  );
  describeLookupTableContract('PostgresLookupTables', () => new PostgresLookupTables(database.dataSource));
});
