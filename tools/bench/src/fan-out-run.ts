import { fileURLToPath } from 'node:url';
import { ChildProgram } from './child-program.js';
import type { Doors } from './doors.js';
import type { LoadTarget } from './load-connection.js';
import type { Latencies, LoadAnswer, LoadCommand, LoadResult } from './load-messages.js';
import { monotonicMicros } from './monotonic-clock.js';
import { machineBusySeconds, usageOf } from './process-tree.js';
import type { PublisherAnswer, PublisherCommand, PublisherResult } from './publisher-messages.js';
import type { ServerProcess } from './server-process.js';
import { weightedQuantile } from './statistics.js';

export interface RunPlan {
  /** Subscribers and events take turns on them. */
  readonly topics: readonly string[];
  readonly subscribers: number;
  readonly deliveriesPerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly keys: number;
  /** Connections that publish, each one batch at a time. */
  readonly producers: number;
  readonly lingerMs: number;
  /** Events of every POST, all of one topic; absent: what is due. */
  readonly batchEvents?: number;
  /** Of the load client and the producer. */
  readonly loadCpu: number | undefined;
}

/** What one run reached. Latencies in milliseconds, CPU in seconds within the window. */
export interface RunFigures {
  /** Of the window. */
  readonly seconds: number;
  readonly offeredPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** From the scheduled send to the receipt: everything is in it, also the wait for a producer's free connection. */
  readonly fromScheduled: Latencies;
  /** From the answer to the producer to the receipt; 0 if the event was there before the answer. */
  readonly fromAccepted: Latencies;
  readonly missing: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly brokenChains: number;
  readonly gaps: number;
  readonly closed: number;
  /** Due but not taken by the server in time. */
  readonly unsent: number;
  readonly events: number;
  readonly eventsPerPost: number;
  readonly eventBytes: number;
  readonly eventsPerFrame: number;
  readonly serverCpuSeconds: number;
  readonly deliveriesPerCpuSecond: number;
  readonly serverResidentBytes: number;
  readonly loadCpuSeconds: number;
  readonly producerCpuSeconds: number;
  /** What others took of the machine meanwhile, in cores. */
  readonly otherCores: number;
  readonly errors: readonly string[];
}

export const programPath = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
const START_DELAY_MS = 300;
const GRACE_MS = 3_000;
const QUIET_MS = 3_000;
const CONNECT_DEADLINE_MS = 90_000;

/** One run against one server: connect, publish on schedule, measure the window, count what came. */
export async function runFanOut(server: ServerProcess, doors: Doors, plan: RunPlan): Promise<RunFigures> {
  const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'), plan.loadCpu);
  const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'), plan.loadCpu);
  try {
    const { failed, errors } = await load.ask(
      {
        type: 'connect',
        targets: targetsOf(server, doors, plan),
        topics: plan.topics.length,
        block: plan.batchEvents,
        count: plan.subscribers,
        sampleEvery: 50,
        keys: plan.keys,
        reconnects: false,
      },
      'connected',
      CONNECT_DEADLINE_MS,
    );
    if (failed > 0) throw new Error(`${failed} of ${plan.subscribers} connections failed: ${errors.join('; ')}`);
    return await measure(server, load, producer, doors, plan);
  } finally {
    await Promise.all([load.stop(), producer.stop()]);
  }
}

function targetsOf(server: ServerProcess, doors: Doors, { topics, subscribers }: RunPlan): LoadTarget[] {
  const { acknowledgeEveryMs } = doors;
  const run = Math.round(monotonicMicros()).toString(36);
  return Array.from({ length: subscribers }, (_, index) => ({
    ...doors.connection,
    port: server.port,
    path: doors.streamPath(topics[index % topics.length], index),
    durable: acknowledgeEveryMs === undefined ? undefined : { name: `bench-${run}-${index}`, acknowledgeEveryMs },
  }));
}

async function measure(
  server: ServerProcess,
  load: ChildProgram<LoadCommand, LoadAnswer>,
  producer: ChildProgram<PublisherCommand, PublisherAnswer>,
  doors: Doors,
  plan: RunPlan,
): Promise<RunFigures> {
  const seconds = plan.warmUpSeconds + plan.seconds;
  const startMicros = monotonicMicros() + START_DELAY_MS * 1000;
  const fromMicros = startMicros + plan.warmUpSeconds * 1e6;
  const toMicros = fromMicros + plan.seconds * 1e6;
  load.tell({ type: 'measure', window: { fromMicros, toMicros } });
  const publishing = producer.ask(
    {
      type: 'publish',
      plan: {
        port: server.port,
        path: doors.ingestPath,
        topics: plan.topics,
        run: `r${Math.round(startMicros).toString(36)}-`,
        keys: plan.keys,
        connections: plan.producers,
        lingerMs: plan.lingerMs,
        batchEvents: plan.batchEvents,
        eventsPerSecond: (plan.deliveriesPerSecond * plan.topics.length) / plan.subscribers,
        startMicros,
        seconds,
        graceMs: GRACE_MS,
      },
    },
    'published',
    seconds * 1000 + GRACE_MS + 60_000,
  );
  await untilMicros(fromMicros);
  const before = snapshot(server, load, producer);
  await untilMicros(toMicros);
  const after = snapshot(server, load, producer);
  const published = await publishing;
  const result = await load.ask(
    { type: 'finish', events: published.acceptedOf, quietMs: QUIET_MS, withSamples: true },
    'result',
    120_000,
  );
  return figuresOf(plan, published, result, before, after);
}

interface Snapshot {
  readonly server: number;
  readonly load: number;
  readonly producer: number;
  readonly own: number;
  readonly machine: number;
  readonly residentBytes: number;
}

function snapshot(server: ServerProcess, load: { readonly pid: number }, producer: { readonly pid: number }): Snapshot {
  const usage = server.usage();
  return {
    server: usage.cpuSeconds,
    load: usageOf([load.pid]).cpuSeconds,
    producer: usageOf([producer.pid]).cpuSeconds,
    own: usageOf([process.pid]).cpuSeconds,
    machine: machineBusySeconds(),
    residentBytes: usage.residentBytes,
  };
}

function figuresOf(
  plan: RunPlan,
  published: PublisherResult,
  result: LoadResult,
  before: Snapshot,
  after: Snapshot,
): RunFigures {
  const delta = (field: keyof Snapshot) => after[field] - before[field];
  const serverCpuSeconds = delta('server');
  const ours = serverCpuSeconds + delta('load') + delta('producer') + delta('own');
  const { due } = result;
  return {
    seconds: plan.seconds,
    offeredPerSecond: plan.deliveriesPerSecond,
    deliveriesPerSecond: result.deliveries / plan.seconds,
    fromScheduled: result.fromScheduled,
    fromAccepted: acceptedLatencies(result.samples, published.answeredMicros),
    // Of all connections by their counts; of the sampled ones also by every single event.
    missing: Math.max(due - result.events + result.sampled.duplicated, result.sampled.missing, 0),
    duplicated: Math.max(result.events - due, result.sampled.duplicated, 0),
    outOfOrder: result.sampled.outOfOrder,
    brokenChains: result.brokenChains,
    gaps: result.gaps,
    closed: result.closed,
    unsent: published.unsent,
    events: published.accepted,
    eventsPerPost: published.accepted / Math.max(1, published.posts - published.refusals),
    eventBytes: result.eventBytes,
    eventsPerFrame: result.deliveries / Math.max(1, result.framesInWindow),
    serverCpuSeconds,
    deliveriesPerCpuSecond: result.deliveries / Math.max(0.01, serverCpuSeconds),
    serverResidentBytes: after.residentBytes,
    loadCpuSeconds: delta('load'),
    producerCpuSeconds: delta('producer'),
    otherCores: Math.max(0, delta('machine') - ours) / plan.seconds,
    errors: [...result.errors, ...published.errors],
  };
}

/** Joins receipts (sequence, micros, deliveries) with the producer's answers. */
export function acceptedLatencies(samples: Float64Array, answeredMicros: Float64Array): Latencies {
  const latencies: [number, number][] = [];
  for (let at = 0; at < samples.length; at += 3) {
    const answered = answeredMicros[samples[at]] ?? 0;
    if (answered > 0) latencies.push([Math.max(0, samples[at + 1] - answered) / 1000, samples[at + 2]]);
  }
  const at = (share: number) => weightedQuantile(latencies, share);
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

const untilMicros = (micros: number) =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, (micros - monotonicMicros()) / 1000)));
