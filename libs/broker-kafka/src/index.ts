export * from './kafka.config.js';
export * from './kafka-log.js';
export * from './kafka-options.js';
export type { ForeignDecoder, ForeignRecord } from './records/foreign-record.js';
