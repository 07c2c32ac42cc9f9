export * from './open-pulsar.js';
export * from './pulsar.config.js';
export * from './pulsar-log.js';
export * from './pulsar-options.js';
export { PulsarQueue, type PulsarQueueOptions } from './queue/pulsar-queue.js';
