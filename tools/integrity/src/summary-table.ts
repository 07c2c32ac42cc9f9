import { describeMachine, table } from '@distributary/bench';
import type { Figures } from './figures.js';
import type { Verdict } from './verdict.js';

const HEAD = [
  'scenario',
  'broker',
  'subscription',
  'due',
  'missing',
  'duplicates',
  'out of order',
  'unannounced',
  'recovery p50 / p99, ms',
  'verdict',
];

/** One row per scenario and subscription; the machine, the commit and the seed beneath. */
export function summaryText(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'nothing was played';
  const rows = verdicts.flatMap((verdict) => {
    const figures: readonly (Figures | undefined)[] = verdict.figures?.length ? verdict.figures : [undefined];
    return figures.map((one, index) => [
      index === 0 ? verdict.scenario : '',
      index === 0 ? verdict.broker : '',
      ...(one === undefined ? ['', '', '', '', '', '', ''] : cells(one)),
      index === 0 ? (verdict.holds ? 'holds' : 'BROKEN') : '',
    ]);
  });
  const took = verdicts.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0);
  const due = verdicts.reduce((sum, { figures = [] }) => sum + Math.max(0, ...figures.map((one) => one.due)), 0);
  const broken = verdicts.filter(({ holds }) => !holds).map(({ scenario }) => scenario);
  return [
    table([HEAD, ...rows]),
    '',
    `${verdicts.length} scenario${verdicts.length === 1 ? '' : 's'}, ${due.toLocaleString('en')} events due, ${Math.round(took)} s, seed ${verdicts[0].seed}: ` +
      (broken.length === 0 ? 'all hold' : `BROKEN: ${broken.join(', ')}`),
    describeMachine(verdicts[0].machine),
  ].join('\n');
}

function cells({ reader, due, missing, duplicates, outOfOrder, unannounced, recovery }: Figures): string[] {
  const numbers = [due, missing, duplicates, outOfOrder, unannounced].map((value) => value.toLocaleString('en'));
  return [reader, ...numbers, recovery === undefined ? '' : `${recovery.p50Ms} / ${recovery.p99Ms}`];
}
