export * from './builders.js';
export * from './fake-clock.js';
export * from './until.js';
export * from './recording-outlet.js';
export * from './settle.js';
export * from './in-memory-log.js';
export * from './log.contract.js';
