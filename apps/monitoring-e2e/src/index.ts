export * from './harness.js';
export * from './answer-check.js';
export * from './message-check.js';
export * from './events.js';
