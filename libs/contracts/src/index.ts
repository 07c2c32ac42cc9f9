export * from './stream-messages.js';
export * from './stream-schemas.js';
export * from './page.js';
export * from './monitoring/data.js';
export * from './monitoring/event.js';
export * from './monitoring/responses.js';
export * from './monitoring/vocabulary.js';
export * from './grpc/proto-files.js';
