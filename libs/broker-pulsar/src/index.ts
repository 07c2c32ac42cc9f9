export * from './pulsar-log.js';
export { PulsarQueue, type PulsarQueueOptions } from './queue/pulsar-queue.js';
