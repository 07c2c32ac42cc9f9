import type { Target } from './doors.js';
import type { FanOutResult, Series } from './fan-out.js';
import type { RunFigures } from './run-figures.js';
import { describeMachine } from './machine.js';
import { findingsOf } from './performance/run-findings.js';
import { spreadOf } from './statistics.js';
import { table } from './text-table.js';

interface Column {
  readonly title: string;
  readonly of: (figures: RunFigures) => number;
  readonly digits: number;
  /** How the twin's figure and the service's make one ratio; more than 1 is in favour of the service. */
  readonly ratio?: 'service/twin' | 'twin/service';
}

const COLUMNS: readonly Column[] = [
  { title: 'deliveries/s', of: (run) => run.deliveriesPerSecond, digits: 0, ratio: 'service/twin' },
  { title: 'p50 ms', of: (run) => run.fromScheduled.p50, digits: 2 },
  { title: 'p99 ms', of: (run) => run.fromScheduled.p99, digits: 2, ratio: 'twin/service' },
  { title: 'p99.9 ms', of: (run) => run.fromScheduled.p999, digits: 2 },
  { title: 'accepted p50', of: (run) => run.fromAccepted.p50, digits: 2 },
  { title: 'accepted p99', of: (run) => run.fromAccepted.p99, digits: 2 },
  { title: 'server CPU s', of: (run) => run.serverCpuSeconds, digits: 2 },
  { title: 'deliveries/CPU-s', of: (run) => run.deliveriesPerCpuSecond, digits: 0, ratio: 'service/twin' },
  { title: 'load CPU s', of: (run) => run.loadCpuSeconds, digits: 2 },
  { title: 'others, cores', of: (run) => run.otherCores, digits: 2 },
];

/** Medians with the least and the most of the pairs, and the ratio within each pair. */
export function fanOutReport(result: FanOutResult): string {
  const lines = [
    `fan-out: ${result.subscribers} subscribers of one topic, ${result.seconds} s a run` +
      (result.pinned ? ', server on CPU 0, load on CPU 1' : ', not pinned'),
    describeMachine(result.machine),
    'Latency: from the scheduled send to the receipt; "accepted": from the answer to the producer, in ms.',
  ];
  for (const series of result.series) lines.push('', ...seriesLines(series));
  return lines.join('\n');
}

/** What is wrong with the service in any of the runs; what the twin loses is a figure. */
export const fanOutFindings = ({ series }: FanOutResult): string[] =>
  series.flatMap(({ rate, service }) => findingsOf(`service at ${rate}/s`, service));

function seriesLines(series: Series): string[] {
  const targets = (['service', 'twin'] as const).filter((target) => series[target].length > 0);
  const rows = COLUMNS.map((column) => [
    column.title,
    ...targets.map((target) => cell(series[target].map(column.of), column.digits)),
    ...(targets.length === 2 ? [ratioCell(series, column)] : []),
  ]);
  const headings = ['median (min–max)', ...targets, ...(targets.length === 2 ? ['ratio in favour'] : [])];
  const pairs = Math.max(series.service.length, series.twin.length);
  return [
    `${number(series.rate, 0)} deliveries/s offered, ${pairs} pairs`,
    table([headings, ...rows]),
    ...targets.map((target) => integrityLine(target, series[target])),
  ];
}

function ratioCell(series: Series, { ratio, of }: Column): string {
  if (ratio === undefined) return '';
  const pairs = series.service.map((run, index) => {
    const [service, twin] = [of(run), of(series.twin[index])];
    return ratio === 'service/twin' ? service / twin : twin / service;
  });
  return cell(pairs, 2);
}

function integrityLine(target: Target, runs: readonly RunFigures[]): string {
  const sum = (of: (run: RunFigures) => number) => runs.reduce((total, run) => total + of(run), 0);
  const errors = [...new Set(runs.flatMap((run) => run.errors))];
  return (
    `${target}: ${sum((run) => run.events)} events accepted, ${sum((run) => run.unsent)} not taken in time, ` +
    `missing ${sum((run) => run.missing)}, duplicated ${sum((run) => run.duplicated)}, out of order ${sum((run) => run.outOfOrder)}, ` +
    `broken chains ${sum((run) => run.brokenChains)}, gaps ${sum((run) => run.gaps)}, closed ${sum((run) => run.closed)}; ` +
    `${number(spreadOf(runs.map((run) => run.eventBytes)).median, 0)} bytes an event, ` +
    `${number(spreadOf(runs.map((run) => run.eventsPerPost)).median, 1)} events a POST, ` +
    `${number(spreadOf(runs.map((run) => run.eventsPerFrame)).median, 1)} events a frame` +
    (errors.length === 0 ? '' : `; ${errors.join('; ')}`)
  );
}

function cell(values: readonly number[], digits: number): string {
  const { median, min, max } = spreadOf(values);
  return values.length === 1
    ? number(median, digits)
    : `${number(median, digits)} (${number(min, digits)}–${number(max, digits)})`;
}

function number(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
