// Usage: node tools/workspace/hygiene.mjs
// What must never be in a tracked file: paths of one machine, the registry of one machine, secrets.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const findings = [];

const FORBIDDEN = [
  {
    what: 'a path of one machine',
    pattern: /(?<![\w./}-])\/(?:work|home\/[a-z]+|Users\/[A-Za-z]+|mnt\/[a-z]+)\/[\w.-]+/,
  },
  {
    what: 'a path outside of the repository',
    pattern: /(?:\.\.\/)+shared\/(?:spec|design|recipes|research|bench|hooks)/,
  },
  { what: 'talk about where it was written', pattern: /\b(?:workplace|time-?box)\b/i },
  { what: 'a private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
];
/** Holds the patterns themselves. */
const EXEMPT = new Set(['tools/workspace/hygiene.mjs']);

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
for (const file of tracked) {
  if (EXEMPT.has(file) || !fs.existsSync(path.join(root, file))) continue;
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  if (text.includes('\0')) continue;
  text.split('\n').forEach((line, index) => {
    for (const { what, pattern } of FORBIDDEN) {
      const found = pattern.exec(line);
      if (found) findings.push(`${file}:${index + 1}: ${what}: ${found[0]}`);
    }
  });
}

const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
for (const [place, entry] of Object.entries(lock.packages)) {
  if (/^[a-z+]+:\/\//.test(entry.resolved ?? '')) {
    findings.push(`package-lock.json: ${place} names a host: ${entry.resolved}`);
  }
}

for (const finding of findings) console.error(finding);
console.log(`${tracked.length} tracked files, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
