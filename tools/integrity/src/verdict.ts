import { describeMachine, type MachineFacts, machineFacts, table } from '@distributary/bench';
import { type Check, holds } from './check.js';

export interface Verdict {
  readonly scenario: string;
  readonly seed: number;
  readonly small: boolean;
  readonly tookSeconds: number;
  readonly machine: MachineFacts;
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
  readonly holds: boolean;
}

export function verdictOf(
  facts: Pick<Verdict, 'scenario' | 'seed' | 'small' | 'tookSeconds'>,
  { checks, notes }: Pick<Verdict, 'checks' | 'notes'>,
): Verdict {
  return { ...facts, machine: machineFacts(), checks, notes, holds: checks.every(holds) };
}

export function verdictText(verdict: Verdict): string {
  const rows = verdict.checks.map((check) => [
    check.what,
    rounded(check.found),
    [
      ...(check.atLeast === undefined ? [] : [`≥ ${rounded(check.atLeast)}`]),
      ...(check.atMost === undefined ? [] : [`≤ ${rounded(check.atMost)}`]),
    ].join(', '),
    check.atMost === undefined && check.atLeast === undefined ? '' : holds(check) ? 'holds' : 'BROKEN',
  ]);
  return [
    `${verdict.scenario}${verdict.small ? ' (small)' : ''}, seed ${verdict.seed}: ${verdict.holds ? 'holds' : 'BROKEN'}, ` +
      `${verdict.tookSeconds.toFixed(1)} s`,
    describeMachine(verdict.machine),
    table([['', 'found', 'limit', ''], ...rows]),
    ...verdict.notes,
  ].join('\n');
}

function rounded(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(2);
}
