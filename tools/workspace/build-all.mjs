// Usage: node tools/workspace/build-all.mjs [arguments of nx run-many]
// Builds every project that has changed. One line if that went well, since `npm start` has something else to tell; all that
// Nx has to say if it did not.
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const nx = path.join(root, 'node_modules/nx/dist/bin/nx.js');
const args = ['run-many', '-t', 'build', '--output-style=static-failures-only', ...process.argv.slice(2)];
const started = performance.now();
const run = spawn(process.execPath, [nx, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
const printed = [];
for (const stream of [run.stdout, run.stderr]) stream.on('data', (bytes) => printed.push(bytes));
run.on('close', (code) => {
  const text = Buffer.concat(printed).toString();
  if (code === 0) {
    const projects = /ran target build for (\d+) projects/.exec(text)?.[1] ?? 'all';
    // Not on stdout: what is asked for with --json is all that may be there.
    console.error(`built ${projects} projects in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } else process.stderr.write(text);
  process.exitCode = code ?? 1;
});
