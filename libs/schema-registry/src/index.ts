export * from './avro-codec.js';
export * from './registry-client.js';
export * from './schemas.js';
export * from './schema-registry.config.js';
