export * from './embedded.config.js';
export * from './embedded-log.js';
