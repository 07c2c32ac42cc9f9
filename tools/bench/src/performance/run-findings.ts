import type { RunFigures } from '../run-figures.js';

const NOTHING_OF = ['missing', 'duplicated', 'outOfOrder', 'brokenChains', 'gaps', 'closed'] as const;

/** Says them, and gives the exit code: 1 if there are any. */
export function toldFindings(findings: readonly string[]): number {
  for (const each of findings) console.error(`! ${each}`);
  return findings.length > 0 ? 1 : 0;
}

/** What a run may not have, in words; empty if all is well. */
export function findingsOf(what: string, runs: readonly RunFigures[]): string[] {
  const counts = NOTHING_OF.map((name) => [name, runs.reduce((sum, run) => sum + run[name], 0)] as const);
  const errors = [...new Set(runs.flatMap((run) => run.errors))];
  return [
    ...counts.filter(([, count]) => count > 0).map(([name, count]) => `${what}: ${name} ${count}`),
    ...errors.map((error) => `${what}: ${error}`),
  ];
}
