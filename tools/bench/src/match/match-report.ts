import { describeMachine } from '../machine.js';
import { table } from '../text-table.js';
import type { MatchResult } from './match.js';

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

export function matchReport(result: MatchResult): string {
  const rows = result.figures.map((row) => [
    row.case,
    whole(row.subscriptions),
    row.contender,
    whole(row.eventsPerSecond),
    row.microsPerEvent.toFixed(2),
    row.matchesPerEvent.toFixed(1),
    whole(row.matchesPerSecond),
  ]);
  return [
    describeMachine(result.machine),
    `seed ${result.seed}, ${result.seconds} s each; ${result.crossChecked} events answered alike by all`,
    '',
    table([['case', 'subscriptions', 'contender', 'events/s', 'µs/event', 'matches/event', 'matches/s'], ...rows]),
  ].join('\n');
}
