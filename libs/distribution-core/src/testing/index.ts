export * from './builders.js';
export * from './fake-clock.js';
export * from './until.js';
