import { InMemoryLookupTables, InMemoryTransformationStore } from './in-memory-transformation-store.js';
import { describeLookupTableContract, describeTransformationStoreContract } from './transformation-store.contract.js';

describeTransformationStoreContract('InMemoryTransformationStore', () => new InMemoryTransformationStore());
describeLookupTableContract('InMemoryLookupTables', () => new InMemoryLookupTables());
