export * from './pulsar-admin.js';
