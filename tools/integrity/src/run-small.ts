import { spawn } from 'node:child_process';
import path from 'node:path';
import { holds } from './check.js';
import type { Verdict } from './verdict.js';

/** The built command, as `npm run integrity` runs it. The tests of the workspace build first. */
const MAIN = path.resolve(import.meta.dirname, '../dist/main.js');

/** It ends its own processes when it is told to go. */
const DEADLINE_MS = 100_000;

/** Runs the small version in processes of its own. Rejects, with what it printed, if there is no verdict. */
export async function runSmall(scenario: string): Promise<Verdict> {
  const child = spawn(process.execPath, [MAIN, scenario, '--small', '--json', '-'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
  });
  const text = { out: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.error += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  if (text.out === '') throw new Error(`${scenario} gave no verdict:\n${text.error}`);
  return (JSON.parse(text.out) as Verdict[])[0];
}

/** What did not hold, as text; with the seed, so that it can be run again. */
export function brokenOf({ seed, checks, notes }: Verdict): string[] {
  const broken = checks.filter((check) => !holds(check)).map(({ what, found }) => `${what}: ${found}`);
  return broken.length === 0 ? [] : [`seed ${seed}`, ...broken, ...notes];
}
