import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { FuzzTarget } from './fuzz-target.js';

const VERSION = '4.32.5';
/** This file runs from the `dist` of its project. */
const CACHE = path.resolve(import.meta.dirname, '../../../.cache/fuzz');
const PROGRAM = path.join(CACHE, `schemathesis-${VERSION}`, 'bin', 'schemathesis');

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

/** Runs the program with what it prints shown; resolves with its exit code. */
function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], cwd: CACHE });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** A Python environment of its own below .cache, made once. */
async function install(): Promise<void> {
  if (existsSync(PROGRAM)) return;
  mkdirSync(CACHE, { recursive: true });
  const folder = path.dirname(path.dirname(PROGRAM));
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', folder]],
    [path.join(folder, 'bin', 'pip'), ['install', '-q', '--disable-pip-version-check', `schemathesis==${VERSION}`]],
  ];
  for (const [command, args] of steps) {
    if ((await run(command, args)) !== 0) throw new Error(`${command} ${args.join(' ')} failed: is Python 3 there?`);
  }
}

/**
 * Schemathesis against the service's own document: `examplesEach` of every operation, and the edges of each schema. True if it
 * found nothing. The event stream is left out: it has no end for Schemathesis to wait for.
 */
export async function runSchemathesis(target: FuzzTarget, examplesEach: number, seed: number): Promise<boolean> {
  await install();
  const code = await run(PROGRAM, [
    'run',
    `${target.httpUrl}/api/openapi.json`,
    '--checks',
    CHECKS.join(','),
    '--max-examples',
    String(examplesEach),
    '--exclude-path',
    target.streamPath,
    '--phases',
    'examples,coverage,fuzzing',
    '--request-timeout',
    '20',
    '--suppress-health-check',
    'all',
    '--seed',
    String(seed),
    // A header that can be read; the service that is fuzzed asks nobody who they are.
    '--header',
    'Authorization: Bearer fuzzer',
    '--no-color',
  ]);
  return code === 0;
}
