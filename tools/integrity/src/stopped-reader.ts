import {
  acceptedLatencies,
  ChildProgram,
  type LoadAnswer,
  type LoadCommand,
  monotonicMicros,
  programPath,
  type PublisherAnswer,
  type PublisherCommand,
  type ServerProcess,
} from '@distributary/bench';
import type { Check } from './check.js';
import type { Figures } from './figures.js';
import type { Findings, Scenario, ScenarioOptions } from './scenario.js';
import { higher, memoryChecks, SEGMENT_MEMORY_BYTES } from './slow-reader-memory.js';
import { type LoneService, startLone } from './stage/lone-service.js';
import {
  ingestPath,
  MARKET_DATA,
  MONITORING,
  type StampedFlow,
  streamPath,
  streamUrl,
  type TestedService,
} from './stage/tested-service.js';
import { StoppingReader } from './stopping-reader.js';
import { pauseMs, untilTrue } from './waiting.js';

/**
 * A consumer that stops for a minute under full load, and goes on:
 *
 *   publisher ──events──▶ the service ──▶ others, which read on: their p99 while all is calm, and while the one recovers
 *                              └────────▶ the client library, durable, at least once: reads … hangs … goes on
 *
 *   |-- calm --|---------- stopped ----------|-- recovers --|
 *
 * The service may neither wait for it nor keep its events in memory: it cuts the connection after BLOCK_TIMEOUT_MS, and what
 * was missed comes from the log once it is back.
 */
interface Size {
  readonly eventsPerSecond: number;
  readonly others: number;
  readonly calmMs: number;
  readonly stopsForMs: number;
  /** So long it is published when it goes on: what it catches up with does not stand still. */
  readonly publishesOnMs: number;
  /** By then it has everything that was accepted when it went on. */
  readonly recoversWithinMs: number;
  readonly blockTimeoutMs: number;
}

const SIZES: Readonly<Record<'full' | 'small', Size>> = {
  full: {
    ...{ eventsPerSecond: 5_000, others: 20, calmMs: 10_000, stopsForMs: 60_000 },
    // Three times as fast as it missed them, at least.
    ...{ publishesOnMs: 20_000, recoversWithinMs: 20_000, blockTimeoutMs: 30_000 },
  },
  small: {
    ...{ eventsPerSecond: 1_000, others: 5, calmMs: 2_000, stopsForMs: 5_000 },
    // The bound is for machines that are busy with other tests.
    ...{ publishesOnMs: 3_000, recoversWithinMs: 20_000, blockTimeoutMs: 1_500 },
  },
};
const KEYS = 64;
/** Of 64 keys in turn. Trades wherever market data can be played, which is not on Kafka. */
const FLOWS: Readonly<Record<TestedService['app'], StampedFlow>> = {
  'market-data': {
    kind: 'TRADE',
    topics: Array.from({ length: KEYS }, (_, index) => `STOP${index}`),
    keys: 1,
    pattern: 'market-data/normalized/#',
  },
  monitoring: { kind: 'METRICS', topics: [MONITORING.topic], keys: KEYS, pattern: MONITORING.topic },
};
/** The others share the processors with the one that catches up as fast as it can. */
const MAX_SLOWDOWN = 3;
/** After closing a connection the service cuts it; what lies in the socket of one who has not read by then is lost. */
const LINGERS_MS = 10_000;
const METRIC_EVERY_MS = 500;
const MEMORY_EVERY_MS = 100;

export const stoppedReader: Scenario = {
  name: 'stopped-reader',
  about: 'a durable consumer stops for a minute under full load, and goes on',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: false,

  async run(options: ScenarioOptions): Promise<Findings> {
    const wanted = SIZES[options.small ? 'small' : 'full'];
    const size = { ...wanted, eventsPerSecond: options.rate ?? wanted.eventsPerSecond };
    const env = {
      SEGMENT_MEMORY_BYTES: String(SEGMENT_MEMORY_BYTES),
      BLOCK_TIMEOUT_MS: String(size.blockTimeoutMs),
    };
    const lone = await startLone(options.broker, env, options.broker === 'kafka' ? MONITORING : MARKET_DATA);
    try {
      return await play(lone, size, options);
    } finally {
      await lone.stop();
    }
  },
};

async function play(lone: LoneService, size: Size, { small, tell }: ScenarioOptions): Promise<Findings> {
  const { process: service, tested } = lone;
  const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'));
  const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'));
  const patterns = [FLOWS[tested.app].pattern];
  const reader = new StoppingReader(streamUrl(tested, service.port), 'stops', { patterns }, KEYS);
  const watch = new Watch(service);
  try {
    await connectOthers(load, lone, size);
    await untilTrue('the reader to be subscribed', () => reader.subscribedTimes > 0, 20_000);
    const seconds = (size.calmMs + size.stopsForMs + size.publishesOnMs) / 1_000;
    const startMicros = monotonicMicros() + 200_000;
    load.tell({ type: 'measure', window: { fromMicros: startMicros, toMicros: startMicros + seconds * 1e6 } });
    const publishing = producer.ask(
      { type: 'publish', plan: { ...publishPlan(lone, size), run: 'q-', startMicros, seconds } },
      'published',
      seconds * 1_000 + 60_000,
    );

    await pauseMs(size.calmMs);
    const before = service.memory();
    watch.begin();
    reader.stopReading();
    const stoppedMicros = monotonicMicros();
    tell(`stops with ${reader.received.size} events, own memory ${mebibytes(before.anonymousBytes)} MiB`);
    await pauseMs(size.stopsForMs);
    const hadBefore = reader.received.size;
    const readAgainMicros = monotonicMicros();
    reader.readAgain();
    tell(`goes on; ${watch.text}`);

    const published = await publishing;
    const missedThen = published.answeredMicros.filter((at) => at > 0 && at <= readAgainMicros).length - hadBefore;
    const backlogMs = await untilHas(reader, published.answeredMicros, readAgainMicros);
    const request = { type: 'finish', events: published.acceptedOf, quietMs: 5_000, withSamples: true } as const;
    const result = await load.ask(request, 'result', 120_000);
    await untilTrue('the last events', () => reader.received.size >= published.accepted, 60_000).catch(() => undefined);
    await untilTrue('nobody to be behind', () => watch.behind === 0, 10_000).catch(() => undefined);
    watch.end();

    const p99 = (from: number, to: number) =>
      acceptedLatencies(receivedWithin(result.samples, from, to), published.answeredMicros).p99;
    const calmMs = p99(startMicros + 1e6, stoppedMicros);
    const recoveringMs = p99(readAgainMicros, readAgainMicros + Math.max(backlogMs, 1_000) * 1_000);
    const copies = [...reader.received.values()].reduce((sum, { times }) => sum + times - 1, 0);
    const missing = published.accepted - reader.received.size;
    const figures: Figures = {
      ...{ reader: 'at-least-once', due: published.accepted, missing, duplicates: copies },
      ...{ outOfOrder: reader.outOfOrder, unannounced: reader.gaps === 0 ? missing : 0 },
    };
    const checks: Check[] = [
      { what: 'events a second that were published', found: published.accepted / seconds },
      { what: 'events that it missed while it stood', found: missedThen, atLeast: 1 },
      { what: 'events missing in the end', found: missing, atMost: 0, atLeast: 0 },
      { what: 'gaps', found: reader.gaps, atMost: 0 },
      { what: 'events out of order in their key', found: reader.outOfOrder, atMost: 0 },
      { what: 'copies (at least once; told)', found: copies },
      { what: 'ms until it had what was safe when it went on', found: backlogMs, atMost: size.recoversWithinMs },
      { what: 'deliveries that the others missed', found: result.due - result.events, atMost: 0, atLeast: 0 },
      { what: 'p99 of the others, calm, ms', found: calmMs },
      { what: 'p99 of the others while it stood, ms', found: p99(stoppedMicros, readAgainMicros) },
      { what: 'p99 of the others while it recovered, ms', found: recoveringMs },
      {
        what: 'p99 of the others while it recovered, times calm',
        found: recoveringMs / calmMs,
        ...(small ? {} : { atMost: MAX_SLOWDOWN }),
      },
      { what: 'subscriptions behind while it stood, by the metric', found: watch.mostBehind, atLeast: 1 },
      { what: 'subscriptions behind in the end, by the metric', found: watch.behind, atMost: 0 },
      {
        what: '`status` slow that it was told',
        found: reader.statuses.get('slow') ?? 0,
        ...(size.stopsForMs < size.blockTimeoutMs + LINGERS_MS ? { atLeast: 1 } : {}),
      },
      { what: 'times that it came back', found: reader.subscribedTimes - 1, atLeast: 1 },
      ...memoryChecks(1, before, watch.memory),
    ];
    return { figures: [figures], checks, notes: [...published.errors, ...result.errors, ...reader.errors.slice(0, 5)] };
  } finally {
    watch.end();
    reader.close();
    await Promise.all([load.stop(), producer.stop()]);
  }
}

async function connectOthers(
  load: ChildProgram<LoadCommand, LoadAnswer>,
  { process: service, tested }: LoneService,
  { others }: Size,
): Promise<void> {
  const { topics, keys, pattern } = FLOWS[tested.app];
  const path = `${streamPath(tested)}?patterns=${encodeURIComponent(pattern)}&slow_policy=block`;
  const { failed, errors } = await load.ask(
    {
      type: 'connect',
      targets: [{ port: service.port, path }],
      topics: topics.length,
      share: { each: topics.length, step: 1, apart: 1 },
      ...{ count: others, sampleEvery: others, keys, reconnects: false },
    },
    'connected',
    60_000,
  );
  if (failed > 0) throw new Error(`${failed} of ${others} connections failed: ${errors.join('; ')}`);
}

function publishPlan({ process: { port }, tested }: LoneService, { eventsPerSecond }: Size) {
  const { kind, topics, keys } = FLOWS[tested.app];
  const path = ingestPath(tested);
  return { port, path, kind, topics, keys, eventsPerSecond, connections: 4, lingerMs: 0, graceMs: 10_000 };
}

/** Milliseconds from `sinceMicros` until it had everything that was safe then; Infinity if it never had it. */
async function untilHas(reader: StoppingReader, answeredMicros: Float64Array, sinceMicros: number): Promise<number> {
  const safe = Array.from(answeredMicros.keys()).filter(
    (sequence) => answeredMicros[sequence] > 0 && answeredMicros[sequence] <= sinceMicros,
  );
  const hasAll = () => safe.every((sequence) => reader.received.has(sequence));
  await untilTrue('what was safe', hasAll, 120_000).catch(() => undefined);
  if (!hasAll()) return Infinity;
  const lastMicros = safe.reduce(
    (latest, sequence) => Math.max(latest, reader.received.get(sequence)?.atMicros ?? Infinity),
    sinceMicros,
  );
  return (lastMicros - sinceMicros) / 1_000;
}

/** Of triples of sequence, receipt and weight, those that came within. */
function receivedWithin(samples: Float64Array, fromMicros: number, toMicros: number): Float64Array {
  const kept: number[] = [];
  for (let at = 0; at < samples.length; at += 3) {
    const received = samples[at + 1];
    if (received >= fromMicros && received < toMicros) kept.push(samples[at], received, samples[at + 2]);
  }
  return Float64Array.from(kept);
}

/** What the service needs and says meanwhile. */
class Watch {
  memory: ReturnType<ServerProcess['memory']>;
  behind = 0;
  mostBehind = 0;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly service: ServerProcess) {
    this.memory = service.memory();
  }

  begin(): void {
    this.timers.push(
      setInterval(() => (this.memory = higher(this.memory, this.service.memory())), MEMORY_EVERY_MS),
      setInterval(() => void this.ask(), METRIC_EVERY_MS),
    );
  }

  end(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  get text(): string {
    return `own memory at most ${mebibytes(this.memory.anonymousBytes)} MiB, at most ${this.mostBehind} behind`;
  }

  private async ask(): Promise<void> {
    this.behind = (await this.service.metric('fan_out_subscriptions_behind')) ?? Number.NaN;
    this.mostBehind = Math.max(this.mostBehind, this.behind);
  }
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
