import { describeMachine } from '../machine.js';
import { type Figure, type Goal } from '../performance/performance-case.js';
import { verdictOf } from '../performance/case-report.js';
import { findingsOf } from '../performance/run-findings.js';
import type { RunFigures } from '../run-figures.js';
import { spreadOf } from '../statistics.js';
import { table } from '../text-table.js';
import type { BrokerResult, MarketResult } from './market-bench.js';
import type { KeptRate } from './kept-rate.js';

/** From the scheduled send to the client, at the first of the rates, with the log in files. */
export const P99_GOAL_MS = 25;

type Column = readonly [title: string, of: (run: RunFigures) => number, digits: number];

const LATENCIES: readonly Column[] = [
  ['p50 ms from scheduled', ({ fromScheduled }) => fromScheduled.p50, 2],
  ['p99 ms', ({ fromScheduled }) => fromScheduled.p99, 2],
  ['p99.9 ms', ({ fromScheduled }) => fromScheduled.p999, 2],
  ['p99 ms from accepted', ({ fromAccepted }) => fromAccepted.p99, 2],
];
const LOST: readonly Column[] = [
  ['duplicated', ({ duplicated }) => duplicated, 0],
  ['out of order per symbol', ({ outOfOrder }) => outOfOrder, 0],
  ['not taken in time', ({ unsent }) => unsent, 0],
  ['service, cores', ({ serverCpuSeconds, seconds }) => serverCpuSeconds / seconds, 2],
  ['others, cores', ({ otherCores }) => otherCores, 2],
];
const FAN_OUT: readonly Column[] = [
  ['deliveries/s', ({ deliveriesPerSecond }) => deliveriesPerSecond, 0],
  ...LATENCIES,
  ['missing', ({ missing }) => missing, 0],
  ...LOST,
];

/** `cells`: symbols of all subscribers. */
const conflationColumns = (cells: number): readonly Column[] => [
  ['updates/s of a symbol', ({ deliveriesPerSecond }) => deliveriesPerSecond / cells, 2],
  ['fewest of any', ({ conflation, seconds }) => (conflation?.fewestUpdates ?? 0) / seconds, 2],
  ['most of any', ({ conflation, seconds }) => (conflation?.mostUpdates ?? 0) / seconds, 2],
  ...LATENCIES,
  ['quotes sent', ({ conflation }) => conflation?.sent ?? 0, 0],
  ['quotes merged', ({ conflation }) => conflation?.merged ?? 0, 0],
  ['neither sent nor merged', ({ missing }) => missing, 0],
  ['last one is not the newest', ({ conflation }) => conflation?.notNewest ?? 0, 0],
  ...LOST,
];

/** What is wrong in any of the runs that count. A rate that was not kept is a figure and not a fault. */
export function marketFindings({ brokers }: MarketResult): string[] {
  return brokers.flatMap(({ broker, fanOut, conflation }) => [
    ...findingsOf(`${broker}, fan-out`, fanOut.runs),
    ...findingsOf(`${broker}, conflation`, conflation.runs),
    ...conflation.runs
      .filter((run) => (run.conflation?.notNewest ?? 0) > 0)
      .map((run) => `${broker}, conflation: ${run.conflation?.notNewest} last quotes were not the newest`),
  ]);
}

/** Undefined if it was not measured with the log in files. */
export function marketVerdict({ brokers, options }: MarketResult): 'reached' | 'missed' | undefined {
  const embedded = brokers.find(({ broker }) => broker === 'embedded');
  if (embedded === undefined) return undefined;
  const { fanOut } = embedded;
  const goal: Goal = { atMost: P99_GOAL_MS };
  const p99: Figure = { name: 'p99', unit: 'ms', values: fanOut.runs.map((run) => run.fromScheduled.p99), goal };
  const isAtFullRate = fanOut.isKept && fanOut.rate === options.fanOut.rates[0];
  return isAtFullRate && verdictOf(p99) === 'reached' ? 'reached' : 'missed';
}

export function marketReport(result: MarketResult): string {
  const { machine, options, brokers } = result;
  const { fanOut, conflation } = options;
  const { subscribers, symbols, updatesPerSecond } = conflation;
  return [
    `market: ${options.seconds} s a run, ${options.runs} runs, batches wait ${options.lingerMs} ms for more` +
      (options.pin ? ', service on CPU 0, load on CPU 1' : ', not pinned'),
    describeMachine(machine),
    'Medians, with the least and the most of the runs, at the first of the rates that was kept.',
    '',
    `fan-out: trades of ${fanOut.symbols} symbols, ${fanOut.subscribers} subscribers with ${fanOut.symbolsEach} symbols each`,
    sideBySide(brokers, ({ fanOut: kept }) => kept, 'deliveries/s offered', FAN_OUT),
    `p99 of at most ${P99_GOAL_MS} ms at ${fanOut.rates[0]} deliveries/s, log in files: ${marketVerdict(result) ?? 'not measured'}`,
    '',
    `conflation: quotes of ${symbols} symbols, ${subscribers} subscribers with at most ${updatesPerSecond} updates/s of each`,
    sideBySide(
      brokers,
      ({ conflation: kept }) => kept,
      'quotes/s of a symbol offered',
      conflationColumns(subscribers * symbols),
    ),
    ...marketFindings(result).map((each) => `! ${each}`),
  ].join('\n');
}

function sideBySide(
  brokers: readonly BrokerResult[],
  keptOf: (result: BrokerResult) => KeptRate,
  offered: string,
  columns: readonly Column[],
): string {
  const kept = brokers.map(keptOf);
  return table([
    ['', ...brokers.map(({ broker }) => broker)],
    [offered, ...kept.map(({ rate, isKept }) => `${whole(rate)}${isKept ? '' : ', not kept'}`)],
    ['not kept before', ...kept.map(({ before }) => before.map(({ rate }) => whole(rate)).join(', ') || '-')],
    ...columns.map(([title, of, digits]) => [title, ...kept.map(({ runs }) => cell(runs.map(of), digits))]),
  ]);
}

function cell(values: readonly number[], digits: number): string {
  const { median, min, max } = spreadOf(values);
  const text = (value: number) => value.toLocaleString('en', { maximumFractionDigits: digits });
  return values.length === 1 ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}

const whole = (value: number): string => value.toLocaleString('en');
