export * from './embedded-log.js';
