import { describeDeadLetterStoreContract } from './dead-letter-store.contract.js';
import { InMemoryDeadLetterStore } from './in-memory-dead-letter-store.js';

describeDeadLetterStoreContract('InMemoryDeadLetterStore', () => Promise.resolve(new InMemoryDeadLetterStore()));
