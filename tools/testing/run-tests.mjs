// Usage: node tools/testing/run-tests.mjs [--project <folder>] [--coverage] [jest arguments]
// A run of everything also judges whether the end-to-end tests exercised every operation (exercised.mjs).
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EXERCISE_FOLDER, EXERCISE_VARIABLE, isWholeRun, reportExercised } from './exercised.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const args = process.argv.slice(2);
const isWhole = isWholeRun(args);
const jestArgs = [];
while (args.length > 0) {
  const arg = args.shift();
  if (arg === '--project') {
    const folder = path.resolve(root, args.shift()).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    // A project may have no tests of its own; a run of everything may not.
    jestArgs.push('--testPathPatterns', `^${folder}/`, '--passWithNoTests');
  } else jestArgs.push(arg);
}
const jest = path.join(root, 'node_modules/jest/bin/jest.js');
if (isWhole) {
  rmSync(EXERCISE_FOLDER, { recursive: true, force: true });
  mkdirSync(EXERCISE_FOLDER, { recursive: true });
}
// What suites share, as long as the run lasts (libs/persistence/src/testing/database-template.ts).
const runFolder = mkdtempSync(path.join(os.tmpdir(), 'distributary-tests-'));
const run = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...jestArgs],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      DISTRIBUTARY_TEST_RUN_FOLDER: runFolder,
      ...(isWhole && { [EXERCISE_VARIABLE]: EXERCISE_FOLDER }),
    },
  },
);
rmSync(runFolder, { recursive: true, force: true });
// Where tests failed, what they did not come to is no news.
const isExercised = !isWhole || run.status !== 0 || reportExercised();
process.exit(run.status === 0 && !isExercised ? 1 : (run.status ?? 1));
