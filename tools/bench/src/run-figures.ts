import type { ConflationFindings } from './conflation-check.js';
import type { Latencies, LoadResult } from './load-messages.js';
import { machineBusySeconds, usageOf } from './process-tree.js';
import type { PublisherResult } from './publisher-messages.js';
import type { RuntimeFigures } from './runtime-figures.js';
import type { ServerProcess } from './server-process.js';
import { weightedQuantile } from './statistics.js';

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
  /** Of subscribers that are conflated: then what is missing was neither sent nor merged. */
  readonly conflation?: ConflationFindings;
  /** Due but not taken by the server in time. */
  readonly unsent: number;
  readonly events: number;
  readonly eventsPerPost: number;
  readonly eventBytes: number;
  readonly eventsPerFrame: number;
  readonly serverCpuSeconds: number;
  readonly deliveriesPerCpuSecond: number;
  /** Within the window, of the service's own memory: pages of the log that are mapped are the kernel's to take back. */
  readonly serverGrownBytes: number;
  /** Batches that were answered with something else than success, or not at all. */
  readonly refusals: number;
  readonly loadCpuSeconds: number;
  readonly producerCpuSeconds: number;
  /** What others took of the machine meanwhile, in cores. */
  readonly otherCores: number;
  /** Undefined of a server that does not tell of it: the twin. */
  readonly runtime?: RuntimeFigures;
  readonly errors: readonly string[];
}

/** What a load client tells of its connections or streams. */
export type Received = Pick<
  LoadResult,
  | 'due'
  | 'events'
  | 'deliveries'
  | 'framesInWindow'
  | 'eventBytes'
  | 'fromScheduled'
  | 'brokenChains'
  | 'gaps'
  | 'closed'
  | 'sampled'
  | 'conflation'
  | 'errors'
  | 'samples'
>;

export interface Snapshot {
  readonly server: number;
  readonly load: number;
  readonly producer: number;
  readonly own: number;
  readonly machine: number;
  /** Of the server's own process. */
  readonly anonymousBytes: number;
}

/** What it all has cost until now. */
export function snapshot(
  server: ServerProcess,
  load: { readonly pid: number },
  producer: { readonly pid: number },
): Snapshot {
  return {
    server: server.usage().cpuSeconds,
    load: usageOf([load.pid]).cpuSeconds,
    producer: usageOf([producer.pid]).cpuSeconds,
    own: usageOf([process.pid]).cpuSeconds,
    machine: machineBusySeconds(),
    anonymousBytes: server.memory().anonymousBytes,
  };
}

export function figuresOf(
  plan: { readonly deliveriesPerSecond: number; readonly seconds: number },
  published: PublisherResult,
  result: Received,
  before: Snapshot,
  after: Snapshot,
): Omit<RunFigures, 'runtime'> {
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
    conflation: result.conflation,
    unsent: published.unsent,
    events: published.accepted,
    eventsPerPost: published.accepted / Math.max(1, published.posts - published.refusals),
    eventBytes: result.eventBytes,
    eventsPerFrame: result.deliveries / Math.max(1, result.framesInWindow),
    serverCpuSeconds,
    deliveriesPerCpuSecond: result.deliveries / Math.max(0.01, serverCpuSeconds),
    serverGrownBytes: delta('anonymousBytes'),
    refusals: published.refusals,
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
