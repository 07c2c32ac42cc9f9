import { DOORS } from '../doors.js';
import { runFanOut } from '../fan-out-run.js';
import { startMonitoringService } from '../monitoring-service.js';
import type { RunFigures } from '../run-figures.js';
import type { ServerProcess } from '../server-process.js';
import { findPeak } from './peak.js';
import type { CaseOptions, CaseResult, Figure, PerformanceCase } from './performance-case.js';
import { findingsOf } from './run-findings.js';
import { runtimeRows } from './runtime-rows.js';

const GATEWAYS = 2;
const SUBSCRIBERS = 1000;
/** In millions. The ratio of the two is as exact as these are close to one another. */
const STEPS = [1, 2, 3, 4, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9, 10].map((millions) => millions * 1e6);
const COMPILING_SECONDS = 5;
const QUICK = { subscribers: 100, rate: 20_000, seconds: 1 };

/**
 *                    ┌─ one process ─────────────────┐
 *                ┌──▶│ everything                    │──┐
 *   publisher ───┤   ├─ several behind one port ─────┤  ├──▶ load client, 1000 × WebSocket
 *                └──▶│ 2 gateways, 1 worker, primary │──┘
 *                    └───────────────────────────────┘
 *
 * Nothing is pinned, whatever was asked for: on a machine of two cores the second gateway has what the load client leaves of
 * them. The cores of both are printed, and say whether there was a core to be had.
 */
export const gatewaysCase: PerformanceCase = {
  name: 'gateways',
  title: `1 topic × 1,000 subscribers, POSTs of 100 events, through 1 process and through ${GATEWAYS} gateways, not pinned`,
  run: async (options) => {
    const { profileFolder } = options;
    const one = await startMonitoringService({ profileFolder });
    try {
      const several = await startMonitoringService({ processes: GATEWAYS, profileFolder });
      return await compare(one, several, options).finally(() => several.stop());
    } finally {
      await one.stop();
    }
  },
};

async function compare(one: ServerProcess, several: ServerProcess, options: CaseOptions): Promise<CaseResult> {
  const { quick, pairs, note } = options;
  const measure = async (server: ServerProcess, rate: number, seconds = options.seconds): Promise<RunFigures> => {
    const run = await runFanOut(server, DOORS.service, {
      topics: ['monitoring/metrics'],
      subscribers: quick ? QUICK.subscribers : SUBSCRIBERS,
      deliveriesPerSecond: rate,
      warmUpSeconds: 1,
      seconds: quick ? QUICK.seconds : seconds,
      keys: 16,
      producers: 2,
      lingerMs: 0,
      batchEvents: 100,
      loadCpu: undefined,
    });
    note(
      `${server === one ? '1 process' : `${GATEWAYS} gateways`}: ${Math.round(run.deliveriesPerSecond)} of ${rate} deliveries/s, ` +
        `${Math.round(run.deliveriesPerCpuSecond)} a CPU second, p99 ${run.fromAccepted.p99.toFixed(1)} ms from accepted, ` +
        `cores: service ${coresOf(run).toFixed(2)}, load ${(run.loadCpuSeconds / run.seconds).toFixed(2)}, others ${run.otherCores.toFixed(2)}`,
    );
    return run;
  };
  /** The most that it keeps up with: what a second core is for. */
  const mostOf = async (server: ServerProcess): Promise<number> => {
    if (!quick) await measure(server, STEPS[0], COMPILING_SECONDS);
    const runAt = (rate: number) => measure(server, rate);
    const peak = await findPeak(quick ? [QUICK.rate] : STEPS, runAt, (run) => run.deliveriesPerSecond);
    return peak.offeredPerSecond;
  };
  const offered = new Map([
    [one, await mostOf(one)],
    [several, await mostOf(several)],
  ]);
  const runs = new Map<ServerProcess, RunFigures[]>([
    [one, []],
    [several, []],
  ]);
  for (let pair = 0; pair < (quick ? 1 : pairs); pair++) {
    const order = pair % 2 === 0 ? [one, several] : [several, one];
    for (const server of order) runs.get(server)?.push(await measure(server, offered.get(server) as number));
  }
  return resultOf(runs.get(one) as RunFigures[], runs.get(several) as RunFigures[]);
}

function resultOf(ones: readonly RunFigures[], severals: readonly RunFigures[]): CaseResult {
  const gain = (value: (run: RunFigures) => number) => severals.map((run, pair) => value(run) / value(ones[pair]));
  const throughput = (run: RunFigures) => run.deliveriesPerSecond;
  const perCpu = (run: RunFigures) => run.deliveriesPerCpuSecond;
  return {
    figures: [
      ...figuresOf('1 process', ones),
      ...figuresOf(`${GATEWAYS} gateways`, severals),
      { name: `deliveries, ${GATEWAYS} gateways to 1 process`, unit: 'times', values: gain(throughput) },
      { name: `a CPU second, ${GATEWAYS} gateways to 1 process`, unit: 'times', values: gain(perCpu) },
    ],
    findings: [...findingsOf('1 process', ones), ...findingsOf(`${GATEWAYS} gateways`, severals)],
  };
}

function figuresOf(who: string, runs: readonly RunFigures[]): Figure[] {
  const figure = (name: string, unit: Figure['unit'], value: (run: RunFigures) => number): Figure => ({
    name: `${who}${name}`,
    unit,
    values: runs.map(value),
  });
  return [
    figure('', 'deliveries/s', (run) => run.deliveriesPerSecond),
    figure('', 'deliveries/CPU-s', (run) => run.deliveriesPerCpuSecond),
    figure(', p99 from accepted', 'ms', (run) => run.fromAccepted.p99),
    figure('', 'cores', coresOf),
    figure(', load client', 'cores', (run) => run.loadCpuSeconds / run.seconds),
    ...runtimeRows(runs).map((row) => ({ ...row, name: `${who}, ${row.name}` })),
  ];
}

const coresOf = (run: RunFigures): number => run.serverCpuSeconds / run.seconds;
