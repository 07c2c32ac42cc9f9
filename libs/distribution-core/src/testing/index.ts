export * from './builders.js';
export * from './competing.js';
export * from './dead-letter-store.contract.js';
export * from './busy-clock.js';
export * from './fake-clock.js';
export * from './in-memory-dead-letter-store.js';
export * from './until.js';
export * from './recording-outlet.js';
export * from './settle.js';
export * from './steady-writer.js';
export * from './in-memory-log.js';
export * from './forgetful-log.js';
export {
  describeLogContract,
  idsOf,
  type LogFactory,
  type LogHarness,
  type LogLimits,
  readAll,
} from './log.contract.js';
export * from './in-memory-cursor-store.js';
export * from './in-memory-subscription-store.js';
export * from './in-memory-topic-catalog.js';
export * from './in-memory-queue.js';
export { describeQueueContract, type QueueFactory, type QueueHarness } from './queue.contract.js';
export * from './topic-catalog.contract.js';
export * from './subscription-store.contract.js';
export * from './cursor-store.contract.js';
export * from './in-memory-api-key-store.js';
export * from './api-key-store.contract.js';
export * from './a-rule.js';
export * from './in-memory-routing-rule-store.js';
export * from './routing-rule-store.contract.js';
export * from './audit-log.contract.js';
export * from './in-memory-audit-log.js';
export * from './transformation-store.contract.js';
export * from './in-memory-transformation-store.js';
export * from './cache.contract.js';
export * from './in-memory-cache.js';
export * from './daily-delivery-store.contract.js';
export * from './in-memory-daily-delivery-store.js';
export * from './in-memory-quota-store.js';
export * from './quota-store.contract.js';
export * from './in-memory-idempotency-store.js';
export * from './idempotency-store.contract.js';
export { describeSchemaRegistryContract, type SchemaRegistryWorld } from './schema-registry.contract.js';
export { memoryInUse } from './memory-in-use.js';
