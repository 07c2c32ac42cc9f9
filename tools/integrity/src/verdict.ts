import { describeMachine, type MachineFacts, machineFacts, table } from '@distributary/bench';
import { type Check, holds } from './check.js';
import type { Figures } from './figures.js';
import type { BrokerKind } from './stage/broker.js';

export interface Verdict {
  readonly scenario: string;
  readonly seed: number;
  readonly broker: BrokerKind;
  readonly small: boolean;
  readonly tookSeconds: number;
  readonly machine: MachineFacts;
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
  /** Of each subscription that a ledger judged. */
  readonly figures?: readonly Figures[];
  readonly holds: boolean;
}

export function verdictOf(
  facts: Pick<Verdict, 'scenario' | 'seed' | 'broker' | 'small' | 'tookSeconds'>,
  { checks, notes, figures }: Pick<Verdict, 'checks' | 'notes' | 'figures'>,
): Verdict {
  return { ...facts, machine: machineFacts(), checks, notes, figures, holds: checks.every(holds) };
}

/** It could not be played to its end. */
export function failedVerdict(facts: Parameters<typeof verdictOf>[0], error: unknown): Verdict {
  const checks = [{ what: 'played to its end', found: 0, atLeast: 1 }];
  return verdictOf(facts, { checks, notes: [String((error as Error).message)] });
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
