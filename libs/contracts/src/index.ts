export * from './stream-messages.js';
