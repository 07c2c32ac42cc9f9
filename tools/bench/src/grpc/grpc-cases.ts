import type { RunFigures } from '../run-figures.js';
import { freePort } from '../free-port.js';
import { startMonitoringService } from '../monitoring-service.js';
import { findPeak } from '../performance/peak.js';
import type { CaseOptions, CaseResult, Figure, Goal, PerformanceCase } from '../performance/performance-case.js';
import { findingsOf } from '../performance/run-findings.js';
import { runtimeRows } from '../performance/runtime-rows.js';
import type { GrpcMethod } from './grpc-method.js';
import { type GrpcRunPlan, runGrpc } from './grpc-run.js';

/**
 * One topic, a hundred gRPC streams, a connection each.
 *
 *   ┌─ CPU 1 ──────────┐ POST  ┌─ CPU 0 ─────────────────────────────┐ HTTP/2  ┌─ CPU 1 ───────────────┐
 *   │ publisher        │──────▶│ monitoring service:                 │────────▶│ load client: counts,  │
 *   │ (open loop)      │       │ log (fsync) → tail → match → feed   │  × 100  │ checks 1 stream in 25 │
 *   └──────────────────┘       └─────────────────────────────────────┘         └───────────────────────┘
 */
const STREAMS = 100;
const QUICK = { streams: 20, rate: 10_000, seconds: 1 };

type Posts = Pick<GrpcRunPlan, 'producers' | 'batchEvents'>;
const BATCHES: Posts = { producers: 4, batchEvents: 100 };
const SINGLES: Posts = { producers: 8, batchEvents: 1 };
const WHAT_IS_DUE: Posts = { producers: 4 };

interface GrpcCase {
  readonly name: string;
  readonly title: string;
  readonly method: GrpcMethod;
  /** Deliveries per second of POSTs of 100 events, rising, until it is saturated. */
  readonly steps: readonly number[];
  readonly peakGoal: Goal;
  /** Told besides. */
  readonly calm: {
    readonly rate: number;
    readonly posts: Posts;
    readonly p99Goal?: Goal;
  };
}

export const GRPC_CASES: readonly PerformanceCase[] = [
  grpcCase({
    name: 'grpc-methods',
    title: 'the typed method over gRPC, 1 topic × 100 streams; saturated by POSTs of 100 events, and an event a POST',
    method: 'StreamMonitoring',
    steps: [500_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000],
    peakGoal: { atLeast: 120_000 },
    calm: { rate: 30_000, posts: SINGLES },
  }),
  grpcCase({
    name: 'grpc-exchange',
    title: 'Exchange over gRPC, 1 topic × 100 streams; saturated by POSTs of 100 events, and 100,000 deliveries/s',
    method: 'Exchange',
    steps: [500_000, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000, 6_000_000],
    peakGoal: { atLeast: 4_000_000 },
    calm: { rate: 100_000, posts: WHAT_IS_DUE, p99Goal: { atMost: 10 } },
  }),
];

function grpcCase(spec: GrpcCase): PerformanceCase {
  return { name: spec.name, title: spec.title, run: (options) => runCase(spec, options) };
}

async function runCase({ method, steps, peakGoal, calm }: GrpcCase, options: CaseOptions): Promise<CaseResult> {
  const { pin, quick, profileFolder, note } = options;
  const grpcPort = await freePort();
  const env = { GRPC_PORT: String(grpcPort) };
  const server = await startMonitoringService({ cpu: pin ? 0 : undefined, env, profileFolder });
  const runAt = async (rate: number, posts: Posts): Promise<RunFigures> => {
    const run = await runGrpc(server, {
      ...(quick ? WHAT_IS_DUE : posts),
      method,
      grpcPort,
      streams: quick ? QUICK.streams : STREAMS,
      deliveriesPerSecond: quick ? QUICK.rate : rate,
      seconds: quick ? QUICK.seconds : options.seconds,
      loadCpu: pin ? 1 : undefined,
    });
    note(lineOf(run));
    return run;
  };
  const repeat = async (rate: number, posts: Posts): Promise<RunFigures[]> => {
    const runs: RunFigures[] = [];
    for (let count = quick ? 1 : options.pairs; count > 0; count--) runs.push(await runAt(rate, posts));
    return runs;
  };
  try {
    // A process that has just begun compiles what it runs: that is not what is measured.
    if (!quick) await runAt(steps[0], BATCHES);
    const peak = await findPeak(quick ? [QUICK.rate] : steps, (rate) => runAt(rate, BATCHES));
    const saturated = quick ? [peak] : await repeat(peak.offeredPerSecond, BATCHES);
    const calmer = await repeat(calm.rate, calm.posts);
    const figures = [
      ...figuresOf('at the peak', saturated, peakGoal),
      ...figuresOf(`at ${calm.rate.toLocaleString('en')}/s`, calmer, undefined, calm.p99Goal),
    ];
    return { figures, findings: findingsOf('service', [peak, ...saturated, ...calmer]) };
  } finally {
    await server.stop();
  }
}

function figuresOf(when: string, runs: readonly RunFigures[], goal?: Goal, p99Goal?: Goal): Figure[] {
  const figure = (name: string, unit: Figure['unit'], value: (run: RunFigures) => number, goal?: Goal): Figure => ({
    name: `${when}${name}`,
    unit,
    values: runs.map(value),
    goal,
  });
  return [
    figure('', 'deliveries/s', (run) => run.deliveriesPerSecond),
    figure('', 'deliveries/CPU-s', (run) => run.deliveriesPerCpuSecond, goal),
    figure(', events a message', 'events', (run) => run.eventsPerFrame),
    figure(', p99 from accepted', 'ms', (run) => run.fromAccepted.p99, p99Goal),
    figure(', p99 from scheduled', 'ms', (run) => run.fromScheduled.p99),
    figure(', service', 'cores', (run) => run.serverCpuSeconds / run.seconds),
    figure(', load client', 'cores', (run) => run.loadCpuSeconds / run.seconds),
    figure(', publisher', 'cores', (run) => run.producerCpuSeconds / run.seconds),
    ...runtimeRows(runs).map((row) => ({ ...row, name: `${when}, ${row.name}` })),
  ];
}

const lineOf = (run: RunFigures): string =>
  `${Math.round(run.deliveriesPerSecond)} of ${run.offeredPerSecond} deliveries/s, ` +
  `${Math.round(run.deliveriesPerCpuSecond)} a CPU second, ${run.eventsPerFrame.toFixed(1)} events a message, p99 ` +
  `${run.fromAccepted.p99.toFixed(1)} ms from accepted, ${run.fromScheduled.p99.toFixed(1)} from scheduled, ` +
  `cores: service ${(run.serverCpuSeconds / run.seconds).toFixed(2)}, load ${(run.loadCpuSeconds / run.seconds).toFixed(2)}, ` +
  `others ${run.otherCores.toFixed(2)}`;
