export * from './data-source.js';
export * from './embedded-postgres.js';
export * from './persistence.config.js';
export * from './postgres.errors.js';
export * from './postgres-cursor-store.js';
export * from './postgres-api-key-store.js';
export * from './postgres-routing-rule-store.js';
