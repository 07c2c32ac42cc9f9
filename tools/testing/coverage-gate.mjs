// Usage: node tools/testing/coverage-gate.mjs [--files]
// Judges coverage/coverage-summary.json (V8 counts, mapped to the sources) by the figures of coverage-gate.json.
// A source that declares only types has nothing to run; V8 would call all of its lines missed, so it is left out.
import fs from 'node:fs';
import path from 'node:path';
import { transformFileSync } from '@swc/core';

const root = path.resolve(import.meta.dirname, '../..');
const readJson = (...parts) => JSON.parse(fs.readFileSync(path.join(root, ...parts), 'utf8'));
if (!fs.existsSync(path.join(root, 'coverage/coverage-summary.json'))) {
  console.error('no coverage was measured: run the tests with --coverage first');
  process.exit(1);
}
const gate = readJson('tools/testing/coverage-gate.json');
const summary = readJson('coverage/coverage-summary.json');
const { exclude: _exclude, $schema: _schema, ...swcOptions } = readJson('.swcrc');
const kinds = ['lines', 'branches'];

/** What is left of a source without its types, imports and comments. */
function hasCode(file) {
  const { code } = transformFileSync(file, { ...swcOptions, swcrc: false, sourceMaps: false });
  const bare = code
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s*(import|export)\b[^;]*\bfrom\b[^;]*;$/gm, '')
    .replace(/^\s*(import '[^']*'|export \{\s*\});?$/gm, '');
  return bare.trim() !== '';
}

const percent = ({ covered, total }) => (total === 0 ? 100 : (100 * covered) / total);
const emptyRow = () => ({ lines: { covered: 0, total: 0 }, branches: { covered: 0, total: 0 } });
const add = (row, figures) => {
  for (const kind of kinds) {
    row[kind].covered += figures[kind].covered;
    row[kind].total += figures[kind].total;
  }
};

const all = emptyRow();
const projects = new Map();
const files = [];
for (const [file, figures] of Object.entries(summary)) {
  if (file === 'total' || !fs.existsSync(file) || !hasCode(file)) continue;
  const name = path.relative(root, file).split(path.sep).join('/');
  const project = name.split('/', 2).join('/');
  if (!projects.has(project)) projects.set(project, emptyRow());
  add(projects.get(project), figures);
  add(all, figures);
  files.push([name, figures]);
}

const print = (name, row) =>
  console.log(
    name.padEnd(64),
    ...kinds.map(
      (kind) => `${kind} ${percent(row[kind]).toFixed(1).padStart(5)} % of ${String(row[kind].total).padStart(6)} `,
    ),
  );
if (process.argv.includes('--files')) {
  for (const [name, row] of files.sort(([a], [b]) => a.localeCompare(b, 'en'))) print(name, row);
}
for (const [project, row] of [...projects].sort(([a], [b]) => a.localeCompare(b, 'en'))) print(project, row);
print('all', all);

for (const kind of kinds) {
  const reached = percent(all[kind]);
  if (reached < gate[kind]) {
    console.error(`coverage of ${kind} is ${reached.toFixed(2)} %, at least ${gate[kind]} % is asked for`);
    process.exitCode = 1;
  }
}
