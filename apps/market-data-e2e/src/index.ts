export * from './harness.js';
export * from './events.js';
