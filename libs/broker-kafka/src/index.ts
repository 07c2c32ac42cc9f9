export * from './kafka-log.js';
export * from './kafka-options.js';
export type { ForeignDecoder, ForeignRecord } from './records/foreign-record.js';
export { DEFAULT_GROUP_TIMES, KafkaGroups, type KafkaGroupsOptions } from './queue/kafka-groups.js';
export { KafkaQueue, type KafkaQueueOptions } from './queue/kafka-queue.js';
