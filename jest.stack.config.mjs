import base from './jest.config.mjs';

/** Tests against real servers (tools/stack), which `npm test` does not run: `npm run test:stack`. */
export default {
  ...base,
  testMatch: ['**/*.stack.spec.ts'],
  testSequencer: '<rootDir>/tools/testing/longest-first.cjs',
  testPathIgnorePatterns: base.testPathIgnorePatterns.filter((pattern) => !pattern.includes('stack')),
};
