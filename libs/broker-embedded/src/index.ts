export * from './embedded.config.js';
export * from './embedded-log.js';
export * from './embedded-queue.js';
