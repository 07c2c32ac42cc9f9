import { execFile } from 'node:child_process';
import path from 'node:path';
import { LAYERS, readProjects, refusalOfPackage, refusalOfProject } from './boundaries.mjs';

const root = path.resolve(import.meta.dirname, '../..');

const CORE = 'libs/distribution-core/src/index.ts';
const EMBEDDED = 'libs/broker-embedded/src/index.ts';
const NEST = 'libs/distribution-nest/src/index.ts';
const CONTRACTS = 'libs/contracts/src/index.ts';
const CLIENT = 'libs/client/src/index.ts';
const MONITORING = 'apps/monitoring/src/index.ts';
/** All that eslint/tsconfig.planted.json holds. */
const TYPED = 'libs/distribution-core/src/lane.ts';
const SPEC = 'libs/distribution-core/src/event-batch.spec.ts';

/** Each row plants one violation: where, what, and which rule must see it. */
const PLANTED = [
  ['domain imports Nest', CORE, `export { Module } from '@nestjs/common';`, 'distributary/boundaries'],
  ['domain imports a client library', CORE, `export * from 'lmdb';`, 'distributary/boundaries'],
  [
    'domain imports a client library dynamically',
    CORE,
    `export const pg = () => import('pg');`,
    'distributary/boundaries',
  ],
  ['domain imports only a type of a library', CORE, `export type { Client } from 'pg';`, 'distributary/boundaries'],
  [
    'domain names a type of a library in place',
    CORE,
    `export type C = import('pg').Client;`,
    'distributary/boundaries',
  ],
  ['domain reads files', CORE, `export * from 'node:fs';`, 'distributary/boundaries'],
  ['domain imports an adapter', CORE, `export * from '@distributary/broker-embedded';`, 'distributary/boundaries'],
  ['domain imports a contract', CORE, `export * from '@distributary/contracts';`, 'distributary/boundaries'],
  [
    'a project imports itself by name',
    CORE,
    `export * from '@distributary/distribution-core';`,
    'distributary/boundaries',
  ],
  [
    'adapter imports another adapter',
    EMBEDDED,
    `export * from '@distributary/persistence';`,
    'distributary/boundaries',
  ],
  ['adapter imports a foreign technology', EMBEDDED, `export * from 'kafkajs';`, 'distributary/boundaries'],
  ['adapter imports Nest', EMBEDDED, `export * from '@nestjs/common';`, 'distributary/boundaries'],
  [
    'adapter imports composition',
    EMBEDDED,
    `export * from '@distributary/distribution-nest';`,
    'distributary/boundaries',
  ],
  ['composition imports an app', NEST, `export * from '@distributary/monitoring';`, 'distributary/boundaries'],
  ['platform imports an adapter', CLIENT, `export * from '@distributary/persistence';`, 'distributary/boundaries'],
  [
    'contract imports the domain',
    CONTRACTS,
    `export * from '@distributary/distribution-core';`,
    'distributary/boundaries',
  ],
  ['contract reads files', CONTRACTS, `export * from 'node:fs';`, 'distributary/boundaries'],
  ['app imports an app', MONITORING, `export * from '@distributary/monitoring-e2e';`, 'distributary/boundaries'],
  [
    'a deep import',
    MONITORING,
    `export * from '@distributary/distribution-core/src/event.js';`,
    'distributary/boundaries',
  ],
  [
    'a deep import of what is built',
    MONITORING,
    `export * from '@distributary/contracts/dist/index.js';`,
    'distributary/boundaries',
  ],
  [
    'a relative import leaves its project',
    MONITORING,
    `export * from '../../../libs/contracts/src/index.js';`,
    'distributary/boundaries',
  ],
  [
    'a test that needs nothing but Node starts servers',
    SPEC,
    `export * from '../../../tools/stack/src/index.js';`,
    'distributary/boundaries',
  ],
  [
    'testing in production code',
    EMBEDDED,
    `export * from '@distributary/distribution-core/testing';`,
    'distributary/boundaries',
  ],
  ['a test library in production code', CORE, `export * from 'fast-check';`, 'distributary/boundaries'],
  ['the environment outside of main.ts', NEST, `export const home = process.env.HOME;`, 'no-restricted-syntax'],
  ['the environment in the domain', CORE, `export const home = process.env.HOME;`, 'no-restricted-syntax'],
  ['Date.now in the domain', CORE, `export const now = () => Date.now();`, 'no-restricted-syntax'],
  ['new Date() in the domain', CORE, `export const now = () => new Date();`, 'no-restricted-syntax'],
  ['Math.random in the domain', CORE, `export const dice = () => Math.random();`, 'no-restricted-syntax'],
  ['Math.random handed on in the domain', CORE, `export const dice = Math.random;`, 'no-restricted-syntax'],
  ['setTimeout in the domain', CORE, `setTimeout(() => undefined, 1);`, 'no-restricted-syntax'],
  ['setInterval in the domain', CORE, `setInterval(() => undefined, 1);`, 'no-restricted-syntax'],
  ['performance.now in the domain', CORE, `export const now = () => performance.now();`, 'no-restricted-syntax'],
  [
    'randomUUID in the domain',
    CORE,
    `export const id = (randomUUID: () => string) => randomUUID();`,
    'no-restricted-syntax',
  ],
  ['the process in the domain', CORE, `export const id = process.pid;`, 'no-restricted-syntax'],
  ['console in a library', NEST, `console.log('hello');`, 'no-console'],
  ['any', CORE, `export const anything = (value: any): unknown => value;`, '@typescript-eslint/no-explicit-any'],
  [
    'a promise nobody waits for',
    TYPED,
    `export function f(p: Promise<void>): void { p; p.then(() => 1); }`,
    '@typescript-eslint/no-floating-promises',
  ],
  [
    'a promise as a condition',
    TYPED,
    `export const f = (p: Promise<boolean>): number => (p ? 1 : 2);`,
    '@typescript-eslint/no-misused-promises',
  ],
  [
    'a type imported as a value',
    CORE,
    `import { Lane } from './lane.js'; export const topic = (lane: Lane) => lane.topic;`,
    '@typescript-eslint/consistent-type-imports',
  ],
  [
    'a switch that forgets a case',
    TYPED,
    `export function f(x: 'a' | 'b'): number { switch (x) { case 'a': return 1; } return 2; }`,
    '@typescript-eslint/switch-exhaustiveness-check',
  ],
  ['a file named utils', 'tools/workspace/utils.mjs', '', 'distributary/file-name'],
  ['a folder named shared', 'tools/shared/build.mjs', '', 'distributary/file-name'],
  ['a file in camel case', 'tools/workspace/buildAll.mjs', '', 'distributary/file-name'],
];

/** What looks alike and is right. */
const ALLOWED = [
  ['domain imports its own file', CORE, `export * from './ports/log.port.js';`],
  ['domain formats a given time', CORE, `export const text = (millis: number) => new Date(millis).toISOString();`],
  ['adapter imports the domain', EMBEDDED, `export type { Log } from '@distributary/distribution-core';`],
  ['adapter imports its technology', EMBEDDED, `export * from 'lmdb';`],
  [
    'composition imports Nest, adapters and contracts',
    NEST,
    `export * from '@nestjs/common'; export * from '@distributary/persistence';`,
  ],
  [
    'app imports libraries',
    MONITORING,
    `export * from '@distributary/distribution-nest'; export * from '@distributary/broker-embedded';`,
  ],
  [
    'a spec uses fast-check and the clock',
    SPEC,
    `import fc from 'fast-check'; test('now', () => fc.assert(fc.property(fc.nat(), () => Date.now() > 0)));`,
  ],
  [
    'a test against real servers starts them',
    'libs/broker-kafka/src/faults/refusals.stack.spec.ts',
    `export * from '../../../../tools/stack/src/index.js';`,
  ],
  [
    'a tool imports an app and prints',
    'tools/bench/src/index.ts',
    `export * from '@distributary/monitoring'; console.log(process.env.HOME);`,
  ],
];

function lint(rows) {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [path.join(root, 'tools/workspace/lint-planted.mjs')],
      { cwd: root, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout) => (error ? reject(error) : resolve(JSON.parse(stdout))),
    );
    child.stdin.end(JSON.stringify(rows.map(([, file, code]) => ({ file, code, isTyped: file === TYPED }))));
  });
}

describe('the linter', () => {
  let answers;

  beforeAll(async () => {
    answers = await lint([...PLANTED, ...ALLOWED]);
  }, 120_000);

  test.each(PLANTED.map((row, index) => [...row, index]))('refuses: %s', (_what, _file, _code, rule, index) => {
    expect(answers[index].map((message) => message.rule)).toContain(rule);
  });

  test.each(ALLOWED.map((row, index) => [...row, PLANTED.length + index]))(
    'allows: %s',
    (_what, _file, _code, index) => {
      expect(answers[index]).toEqual([]);
    },
  );
});

describe('the table of layers', () => {
  const project = (name, type, scope = 'core') => ({
    name,
    packageName: `@distributary/${name}`,
    root: name,
    type,
    scope,
  });

  test('has a row for each project of the workspace', () => {
    for (const { type } of readProjects(root).values()) expect(LAYERS).toHaveProperty(type);
  });

  test('keeps an app away from the parts of another one', () => {
    const monitoring = project('monitoring', 'app', 'monitoring');
    const quotes = project('quotes', 'platform', 'market-data');
    expect(refusalOfProject(monitoring, quotes)).toBe('scope:monitoring may not import scope:market-data');
  });

  test('lets only tools and tests import an app', () => {
    const app = project('monitoring', 'app', 'monitoring');
    const importers = Object.keys(LAYERS).filter(
      (type) => refusalOfProject(project('importer', type, 'monitoring'), app) === undefined,
    );
    expect(importers).toEqual(['tool', 'testing']);
  });

  test('gives each adapter its own technology and no other', () => {
    const embedded = project('broker-embedded', 'adapter');
    const kafka = project('broker-kafka', 'adapter');
    const facts = { isBuiltin: false, isTest: false };
    expect(refusalOfPackage(embedded, 'lmdb', facts)).toBeUndefined();
    expect(refusalOfPackage(kafka, 'lmdb', facts)).toContain('not lmdb');
    expect(refusalOfPackage(kafka, 'kafkajs', facts)).toBeUndefined();
  });
});
