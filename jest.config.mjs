import { existsSync, readFileSync } from 'node:fs';

const {
  exclude: _exclude,
  $schema: _schema,
  ...swcOptions
} = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));

/** Sources are tested as they are: packages of the workspace resolve to their src, not to their dist. */
export default {
  testEnvironment: 'node',
  // Only matters with --coverage.
  runtime: '<rootDir>/tools/testing/coverage-runtime.cjs',
  roots: ['apps', 'libs', 'tools', 'migrations']
    .filter((folder) => existsSync(new URL(folder, import.meta.url)))
    .map((folder) => `<rootDir>/${folder}`),
  testMatch: ['**/*.spec.ts', '**/*.spec.mjs'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '\\.stack\\.spec\\.ts$'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swcOptions, swcrc: false, sourceMaps: 'inline' }] },
  moduleNameMapper: {
    '^@distributary/(distribution-core|broker-embedded|broker-kafka|broker-pulsar|schema-registry|persistence|distribution-nest|distribution-service|contracts)$':
      '<rootDir>/libs/$1/src/index.ts',
    '^@distributary/broker-kafka/config$': '<rootDir>/libs/broker-kafka/src/kafka.config.ts',
    '^@distributary/persistence/testing$': '<rootDir>/libs/persistence/src/testing/test-database.ts',
    '^@distributary/distribution-core/testing$': '<rootDir>/libs/distribution-core/src/testing/index.ts',
    '^@distributary/distribution-service/testing$': '<rootDir>/libs/distribution-service/src/testing/index.ts',
    '^@distributary/broker-pulsar/testing$': '<rootDir>/libs/broker-pulsar/src/testing/index.ts',
    '^@distributary/schema-registry/testing$': '<rootDir>/libs/schema-registry/src/testing/index.ts',
    '^@distributary/monitoring$': '<rootDir>/apps/monitoring/src/index.ts',
    '^@distributary/market-data$': '<rootDir>/apps/market-data/src/index.ts',
    '^@distributary/monitoring-e2e$': '<rootDir>/apps/monitoring-e2e/src/index.ts',
    // As `exports` of its package.json says: Node has an entry of its own, with a socket that Node 20 lacks.
    '^distributary$': '<rootDir>/libs/client/src/node/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  cacheDirectory: '<rootDir>/.cache/jest',
  maxWorkers: 2,
  // What a suite loaded is never given back (modules of vm contexts are kept): beyond this a worker starts anew. Without it,
  // workers grew to 4 GiB, and a suite of 0.7 s took 9.
  workerIdleMemoryLimit: '1GiB',
  // Of a worker that has nothing left to do: giving back a gibibyte takes longer than Jest's half a second on a busy machine. One
  // that a suite left something open in is still ended by force, and told of.
  workerGracefulExitTimeout: 20_000,
  testTimeout: 30_000,
  coverageProvider: 'v8',
  coverageDirectory: '<rootDir>/coverage',
  coverageReporters: ['json-summary', 'lcovonly'],
  // Barrels and entry points hold no decisions; contract suites and builders are tests themselves.
  collectCoverageFrom: [
    '{apps,libs}/*/src/**/*.ts',
    '!**/*.spec.ts',
    '!**/index.ts',
    '!**/main.ts',
    '!**/src/testing/**',
    '!apps/*-e2e/**',
  ],
};
