// Usage: node tools/testing/run-tests.mjs [--project <folder>] [--coverage] [jest arguments]
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const args = process.argv.slice(2);
const jestArgs = [];
while (args.length > 0) {
  const arg = args.shift();
  if (arg === '--project') jestArgs.push('--testPathPatterns', `^${path.resolve(root, args.shift())}/`);
  else jestArgs.push(arg);
}
const run = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', path.join(root, 'node_modules/jest/bin/jest.js'), ...jestArgs],
  { cwd: root, stdio: 'inherit' },
);
process.exit(run.status ?? 1);
