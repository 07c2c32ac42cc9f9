export * from './pulsar-log.js';
