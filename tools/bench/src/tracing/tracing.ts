import { Ingest, type IngestTopic, noMetrics, type PublishedEvent } from '@distributary/distribution-core';
import { InMemoryLog } from '@distributary/distribution-core/testing';
import { SystemClock, TracedIngest, tracedLog, Tracing } from '@distributary/distribution-nest';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import { type MachineFacts, machineFacts } from '../machine.js';
import { monotonicMicros } from '../monotonic-clock.js';
import { type Spread, spreadOf } from '../statistics.js';

/**
 * What tracing costs the way in: batches of events through the real ingest into a log in memory, so that nothing hides it.
 *
 *   off:      publish ─▶ Ingest ─▶ log            as the service is wired without a collector
 *   0 … 100 %: publish ─▶ TracedIngest ─▶ Ingest ─▶ traced log, spans to an exporter that drops them
 */
export interface TracingBenchOptions {
  readonly batchSize: number;
  readonly rounds: number;
  readonly secondsPerRound: number;
}

export interface TracingBenchResult {
  readonly bench: 'tracing';
  readonly machine: MachineFacts;
  readonly batchSize: number;
  /** Events per second of processor time of each way, over the interleaved rounds: others may use the machine, too. */
  readonly figures: readonly { readonly way: string; readonly eventsPerSecond: Spread }[];
}

const TOPIC: IngestTopic = { brokerName: 't', partitions: 1, enabled: true, origin: 'ingested' };

const WAYS: readonly (readonly [way: string, sampler: () => Sampler | undefined])[] = [
  ['off', () => undefined],
  ['off, again', () => undefined],
  ['0 % sampled', () => new AlwaysOffSampler()],
  ['1 % sampled', () => new TraceIdRatioBasedSampler(0.01)],
  ['100 % sampled', () => new AlwaysOnSampler()],
];

export async function tracingBench(options: TracingBenchOptions): Promise<TracingBenchResult> {
  const measured = new Map<string, number[]>(WAYS.map(([way]) => [way, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const [way, sampler] of round % 2 === 0 ? WAYS : [...WAYS].reverse()) {
      measured.get(way)?.push(await measure(sampler(), options));
    }
  }
  const figures = [...measured].map(([way, values]) => ({ way, eventsPerSecond: spreadOf(values) }));
  return { bench: 'tracing', machine: machineFacts(), batchSize: options.batchSize, figures };
}

async function measure(sampler: Sampler | undefined, options: TracingBenchOptions): Promise<number> {
  const clock = new SystemClock();
  const log = new InMemoryLog({ clock });
  await log.createTopic('t', 1, { ms: 0, bytes: 1_000_000 });
  const provider = sampler === undefined ? undefined : providerOf(sampler);
  const tracing = provider && new Tracing(provider.getTracer('bench'), async () => provider.shutdown());
  const core = new Ingest({
    log: tracing === undefined ? log : tracedLog(log, tracing),
    topics: { find: () => TOPIC },
    clock,
    metrics: noMetrics,
    limits: { maxRecentIds: 10_000 },
  });
  const ingest = tracing === undefined ? core : new TracedIngest(core, tracing);
  let published = 0;
  const publish = async (seconds: number): Promise<number> => {
    const from = published;
    const start = monotonicMicros();
    const cpu = process.cpuUsage();
    const end = start + seconds * 1e6;
    let now = start;
    while (now < end) {
      await ingest.publish(batchFrom(published, options.batchSize));
      published += options.batchSize;
      now = monotonicMicros();
    }
    const { user, system } = process.cpuUsage(cpu);
    return ((published - from) * 1e6) / (user + system);
  };
  await publish(options.secondsPerRound / 3);
  const eventsPerSecond = await publish(options.secondsPerRound);
  await tracing?.shutdown();
  await log.close();
  return eventsPerSecond;
}

function providerOf(sampler: Sampler): BasicTracerProvider {
  const exporter = {
    export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    shutdown: () => Promise.resolve(),
  };
  return new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(exporter)] });
}

const VALUE = Buffer.from(JSON.stringify({ data: { text: 'x'.repeat(200) } }));

function batchFrom(first: number, count: number): PublishedEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    topic: 't',
    record: {
      eventId: `event-${first + index}`,
      timeMicros: 1_750_000_000_000_000,
      routingKey: `service_${index % 16}.metric`,
      attributes: { data_type: 'METRICS', service: `service_${index % 16}`, metric: 'queue_depth' },
      value: VALUE,
    },
  }));
}
