export * from './in-memory-schema-registry.js';
export * from './registry-server.js';
