// Usage: node tools/testing/run-tests.mjs [--project <folder>] [--coverage] [jest arguments]
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const args = process.argv.slice(2);
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
const run = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...jestArgs],
  { cwd: root, stdio: 'inherit' },
);
process.exit(run.status ?? 1);
