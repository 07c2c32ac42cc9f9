import { createHash } from 'node:crypto';
import type { Scenario } from './scenario.js';

/** `count` of those that may be rotated, in an order that the commit decides: over many commits each has its turn, and a commit has the same. */
export function rotated(scenarios: readonly Scenario[], count: number, commit: string): readonly Scenario[] {
  const rank = ({ name }: Scenario) => createHash('sha256').update(`${commit} ${name}`).digest('hex');
  return scenarios
    .filter(({ isRotated }) => isRotated)
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .slice(0, count);
}
