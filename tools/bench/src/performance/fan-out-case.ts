import { DOORS, type Doors } from '../doors.js';
import { runFanOut } from '../fan-out-run.js';
import type { RunFigures } from '../run-figures.js';
import { startMonitoringService } from '../monitoring-service.js';
import { type ServerProcess, startTwin } from '../server-process.js';
import { findPeak } from './peak.js';
import type { CaseOptions, CaseResult, Figure, PerformanceCase } from './performance-case.js';
import { findingsOf } from './run-findings.js';
import { runtimeRows } from './runtime-rows.js';
import { createTopics, metricTopics } from './topics.js';

/** Who gets what, and how it comes in. */
export interface Load {
  readonly subscribers: number;
  /** Subscribers and events take turns on them. */
  readonly topics: number;
  /** They are keys of one topic, and subscribers select by key: `doors` must. */
  readonly areKeys?: boolean;
  /** Of each POST; absent: whatever is due. */
  readonly batchEvents?: number;
  /** How long a batch waits for more events; absent: not at all. */
  readonly lingerMs?: number;
  readonly producers: number;
  readonly doors: Doors;
}

/** A case of many subscribers: offered more and more until it is saturated, then in pairs with a peer. */
export interface FanOutCase {
  readonly name: string;
  readonly title: string;
  readonly load: Load;
  /** Deliveries per second, rising. */
  readonly steps: readonly number[];
  /** Of each run, whatever was asked for. */
  readonly seconds?: number;
  /** Of runs beside the peer, whatever was asked for; without a peer, runs. */
  readonly pairs?: number;
  /** Latency is told at this load, too. */
  readonly latencyAt?: number;
  readonly peer?: Peer;
  readonly env?: Readonly<Record<string, string>>;
  readonly goals: Goals;
}

interface Peer {
  readonly name: string;
  /** The naive twin, or the same service under another load. */
  readonly server: 'twin' | 'service';
  readonly load: Load;
  /** Deliveries per second that it is offered; absent: as many as the service. */
  readonly rate?: number;
}

interface Goals {
  readonly perCpuSecond?: number;
  /** Deliveries per second of processor time, service to peer. */
  readonly timesPeer?: number;
  /** p99 from the scheduled send, service to peer, at most. */
  readonly p99TimesPeer?: number;
  /** From the answer to the producer, at `latencyAt`, or else at the peak. */
  readonly p99Ms?: number;
}

type Pair = readonly [service: RunFigures, peer: RunFigures | undefined];

const WARM_UP_SECONDS = 1;
const COMPILING_SECONDS = 5;
/** Of each topic. */
const KEYS = 16;
/** A subscriber has one topic: of many topics that many more events must come in for the same deliveries. */
const QUICK = { subscribers: 100, rate: 20_000, rateOfManyTopics: 2_000, pairs: 1, seconds: 1 };

/** Against the twin, which gets the same load and is offered more than it can take. */
export const besideTwin = (load: Load, rate = 200_000): Peer => ({
  name: 'twin',
  server: 'twin',
  load: { ...load, doors: DOORS.twin },
  rate,
});

export function fanOutCase(spec: FanOutCase): PerformanceCase {
  return {
    name: spec.name,
    title: spec.title,
    run: async (options) => {
      const cpu = options.pin ? 0 : undefined;
      const { profileFolder } = options;
      const { isTls } = spec.load.doors.connection ?? {};
      const service = await startMonitoringService({ cpu, env: spec.env, profileFolder, isTls });
      const twin = spec.peer?.server === 'twin' ? await startTwin(cpu) : undefined;
      try {
        return await runCase(spec, options, service, twin);
      } finally {
        await Promise.all([service.stop(), twin?.stop()]);
      }
    },
  };
}

async function runCase(
  spec: FanOutCase,
  options: CaseOptions,
  service: ServerProcess,
  twin: ServerProcess | undefined,
): Promise<CaseResult> {
  const { peer } = spec;
  const seconds = options.quick ? QUICK.seconds : (spec.seconds ?? options.seconds);
  const quickRate = spec.load.topics > 1 ? QUICK.rateOfManyTopics : QUICK.rate;
  const most = Math.max(spec.load.topics, peer?.server === 'service' ? peer.load.topics : 1);
  if (most > 1) await createTopics(service, metricTopics(most));
  const measure = async (
    who: string,
    server: ServerProcess,
    load: Load,
    rate: number,
    ofSeconds = seconds,
  ): Promise<RunFigures> => {
    const { topics, areKeys, batchEvents, lingerMs = 0, producers, doors } = load;
    const isOne = topics === 1 || areKeys === true;
    const run = await runFanOut(server, doors, {
      topics: isOne ? Array.from({ length: topics }, () => 'monitoring/metrics') : metricTopics(topics),
      subscribers: options.quick ? QUICK.subscribers : load.subscribers,
      deliveriesPerSecond: options.quick ? quickRate : rate,
      warmUpSeconds: WARM_UP_SECONDS,
      seconds: ofSeconds,
      keys: KEYS,
      producers,
      lingerMs,
      batchEvents,
      loadCpu: options.pin ? 1 : undefined,
    });
    options.note(`${who}: ${lineOf(run)}`);
    return run;
  };
  const ofService = (rate: number) => measure('service', service, spec.load, rate);
  // What runs is compiled while it runs, on the same core.
  if (!options.quick) await measure('warm-up', service, spec.load, spec.steps[0], COMPILING_SECONDS);
  const peak = await findPeak(options.quick ? [quickRate] : spec.steps, ofService);
  const ofPeer = () => peer && measure(peer.name, twin ?? service, peer.load, peer.rate ?? peak.offeredPerSecond);
  const calm = spec.latencyAt === undefined || options.quick ? [] : [await ofService(spec.latencyAt)];
  const pairs: Pair[] = [];
  for (let pair = 0; pair < (options.quick ? QUICK.pairs : (spec.pairs ?? options.pairs)); pair++) {
    const before = pair % 2 === 0 ? undefined : await ofPeer();
    const run = await ofService(peak.offeredPerSecond);
    pairs.push([run, before ?? (await ofPeer())]);
  }
  const findings = findingsOf('service', [peak, ...calm, ...pairs.map(([run]) => run)]);
  return { figures: [...ownFigures(spec, pairs, calm), ...peerFigures(spec, pairs)], findings };
}

function ownFigures({ goals, latencyAt }: FanOutCase, pairs: readonly Pair[], calm: readonly RunFigures[]): Figure[] {
  const of = (value: (run: RunFigures) => number) => pairs.map(([run]) => value(run));
  const p99 = atMost(goals.p99Ms);
  return [
    { name: 'at the peak', unit: 'deliveries/s', values: of((run) => run.deliveriesPerSecond) },
    { name: 'service', unit: 'deliveries/CPU-s', values: of(perCpu), goal: atLeast(goals.perCpuSecond) },
    {
      name: 'p99 from accepted',
      unit: 'ms',
      values: of((run) => run.fromAccepted.p99),
      goal: calm.length === 0 ? p99 : undefined,
    },
    ...calm.map(({ fromAccepted }): Figure => ({
      name: `p99 from accepted at ${(latencyAt ?? 0).toLocaleString('en')}/s`,
      unit: 'ms',
      values: [fromAccepted.p99],
      goal: p99,
    })),
    { name: 'events a frame', unit: 'events', values: of((run) => run.eventsPerFrame) },
    { name: 'service', unit: 'cores', values: of((run) => run.serverCpuSeconds / run.seconds) },
    { name: 'load client', unit: 'cores', values: of((run) => run.loadCpuSeconds / run.seconds) },
    { name: 'publisher', unit: 'cores', values: of((run) => run.producerCpuSeconds / run.seconds) },
    ...runtimeRows(pairs.map(([run]) => run)),
  ];
}

function peerFigures({ peer, goals }: FanOutCase, pairs: readonly Pair[]): Figure[] {
  if (peer === undefined) return [];
  const compared = (value: (run: RunFigures) => number) =>
    pairs.map(([run, beside]) => value(run) / value(beside as RunFigures));
  return [
    {
      name: peer.name,
      unit: 'deliveries/CPU-s',
      values: pairs.map(([, beside]) => perCpu(beside as RunFigures)),
      isPeer: true,
    },
    {
      name: `service to ${peer.name}`,
      unit: 'times',
      values: compared(perCpu),
      goal: atLeast(goals.timesPeer),
      isBaseline: true,
    },
    {
      name: `p99 from scheduled, service to ${peer.name}`,
      unit: 'times',
      values: compared((run) => run.fromScheduled.p99),
      goal: atMost(goals.p99TimesPeer),
    },
  ];
}

const perCpu = (run: RunFigures) => run.deliveriesPerCpuSecond;
const atLeast = (value: number | undefined) => (value === undefined ? undefined : { atLeast: value });
const atMost = (value: number | undefined) => (value === undefined ? undefined : { atMost: value });

const lineOf = (run: RunFigures): string =>
  `${Math.round(run.deliveriesPerSecond)} of ${run.offeredPerSecond} deliveries/s, ` +
  `${Math.round(run.deliveriesPerCpuSecond)} a CPU second, ${run.eventsPerFrame.toFixed(1)} events a frame, p99 ` +
  `${run.fromAccepted.p99.toFixed(1)} ms from accepted, ${run.fromScheduled.p99.toFixed(1)} from scheduled, ` +
  `cores: load ${(run.loadCpuSeconds / run.seconds).toFixed(2)}, others ${run.otherCores.toFixed(2)}`;
