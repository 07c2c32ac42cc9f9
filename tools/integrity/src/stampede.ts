import {
  ChildProgram,
  type LoadAnswer,
  type LoadCommand,
  type LoadResult,
  monotonicMicros,
  programPath,
  type PublisherAnswer,
  type PublisherCommand,
  type PublisherResult,
} from '@distributary/bench';
import type { Figures } from './figures.js';
import { KeyProducer } from './key-producer.js';
import { LossLedger } from './loss-ledger.js';
import { areDue } from './running-loop.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { type LoneService, startLone } from './stage/lone-service.js';
import { ingestPath, streamPath } from './stage/tested-service.js';
import { pauseMs, untilTrue } from './waiting.js';

/**
 * All clients of a killed service come back at once, each with a cursor.
 *
 *   publisher ──▶ ┌─────────┐ ──▶ 2,000 clients, each with its own place in the stream
 *        kill -9 ▶│ service │
 *         restart └────┬────┘ ◀── 2,000 × subscribe from a cursor, within 0.1–1 s
 *                      └── how much of the log did it read for that?
 *
 * The log holds more than the clients have seen: if each of them were served by a read of its own, the count of events
 * read would show it.
 */
const KILL_AFTER_MS = [2_000, 5_000] as const;
const LIVE_WITHIN_MS = 10_000;
const GIVE_UP_MS = 60_000;
/** As long as it takes that clients have been live for a while before the end. */
const AFTERWARDS_MS = 4_000;

const SIZES = {
  full: { clients: 2_000, eventsPerSecond: 20, before: 20_000, publishSeconds: 40 },
  small: { clients: 200, eventsPerSecond: 20, before: 2_000, publishSeconds: 12 },
} as const;
type Size = (typeof SIZES)[keyof typeof SIZES];

export const stampede: Scenario = {
  name: 'stampede',
  about: 'thousands of clients come back at once after kill -9 of the service',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: false,

  async run(options: ScenarioOptions) {
    const size = SIZES[options.small ? 'small' : 'full'];
    const lone = await startLone(options.broker);
    const { process: service, tested } = lone;
    const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'));
    const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'));
    try {
      const before = await publishBefore(lone, size.before);
      options.tell(`${before} events in the log; connecting ${size.clients} clients`);
      const { topics, keys } = tested.stamped;
      const path = `${streamPath(tested)}?patterns=${encodeURIComponent(tested.topic)}&slow_policy=block`;
      const connected = await load.ask(
        {
          type: 'connect',
          targets: [{ port: service.port, path }],
          count: size.clients,
          sampleEvery: 20,
          topics: topics.length,
          share: { each: topics.length, step: 1, apart: 1 },
          keys,
          reconnects: true,
        },
        'connected',
        90_000,
      );
      if (connected.failed > 0) throw new Error(`${connected.failed} connections failed: ${connected.errors.join()}`);
      return await killAndCount(lone, load, producer, before, size, options);
    } finally {
      await Promise.all([load.stop(), producer.stop()]);
      await lone.stop();
    }
  },
};

/** What the log holds besides: nobody is subscribed yet. */
async function publishBefore({ process: service, tested }: LoneService, events: number): Promise<number> {
  const ledger = new LossLedger();
  const filler = new KeyProducer(
    {
      ports: [service.port],
      service: tested,
      topic: tested.topic,
      keys: ['before'],
      run: 'before',
      batchSize: 500,
      eventsPerSecond: 20_000,
    },
    ledger,
  );
  filler.start();
  await untilTrue('the log to be filled', () => areDue(events, ledger, [filler]), 60_000);
  await filler.finish();
  return ledger.due;
}

async function killAndCount(
  { process: service, tested }: LoneService,
  load: ChildProgram<LoadCommand, LoadAnswer>,
  producer: ChildProgram<PublisherCommand, PublisherAnswer>,
  before: number,
  size: Size,
  { random, tell }: ScenarioOptions,
) {
  const startMicros = monotonicMicros() + 200_000;
  load.tell({
    type: 'measure',
    window: { fromMicros: startMicros, toMicros: startMicros + size.publishSeconds * 1e6 },
  });
  const publishing = producer.ask(
    {
      type: 'publish',
      plan: {
        port: service.port,
        path: ingestPath(tested),
        kind: tested.dataType,
        topics: tested.stamped.topics,
        run: `z${random.seed.toString(36)}-`,
        keys: tested.stamped.keys,
        connections: 4,
        lingerMs: 0,
        eventsPerSecond: size.eventsPerSecond,
        startMicros,
        seconds: size.publishSeconds,
        // The schedule may end while the service still starts, and how long that takes is not the producers' fault.
        graceMs: GIVE_UP_MS,
      },
    },
    'published',
    size.publishSeconds * 1000 + 90_000,
  );
  await pauseMs(random.between(...KILL_AFTER_MS));
  tell('kill -9');
  await service.kill();
  const living = load.ask({ type: 'await-live', times: 2, deadlineMs: GIVE_UP_MS }, 'live', GIVE_UP_MS + 10_000);
  await service.begin();
  const readyMicros = monotonicMicros();
  tell(`ready again after ${Math.round(service.readyAfterMs)} ms`);
  const { live, lastLiveMicros, errors } = await living;
  tell(`${live} clients are live again ${Math.round((lastLiveMicros - readyMicros) / 1000)} ms later`);
  await pauseMs(AFTERWARDS_MS);
  const read = await service.metric('broker_read_events_total');
  const readMicros = monotonicMicros();

  const published = await publishing;
  const result = await load.ask(
    { type: 'finish', events: published.acceptedOf, quietMs: 5_000, withSamples: false },
    'result',
    120_000,
  );
  return report({
    size,
    before,
    live,
    lastLiveMicros,
    readyMicros,
    read: read ?? Number.NaN,
    readMicros,
    published,
    result,
    errors,
  });
}

interface Story {
  readonly size: Size;
  readonly before: number;
  readonly live: number;
  readonly lastLiveMicros: number;
  readonly readyMicros: number;
  readonly read: number;
  readonly readMicros: number;
  readonly published: PublisherResult;
  readonly result: LoadResult;
  readonly errors: readonly string[];
}

function report(story: Story) {
  const { size, before, published, result, readyMicros, readMicros } = story;
  const answeredBy = (micros: number) =>
    published.answeredMicros.reduce((count, at) => count + (at > 0 && at <= micros ? 1 : 0), 0);
  const rewound = before + answeredBy(readyMicros);
  const sinceThen = answeredBy(readMicros) - answeredBy(readyMicros);
  const { due } = result;
  const figures: Figures = {
    reader: `ephemeral × ${result.connections}`,
    due,
    missing: due - result.events,
    duplicates: result.sampled.duplicated,
    outOfOrder: result.sampled.outOfOrder,
    // Nothing may be announced as a gap.
    unannounced: due - result.events,
  };
  return {
    figures: [figures],
    checks: [
      { what: 'clients that are live again', found: story.live, atLeast: size.clients },
      {
        what: 'ms from the restart until the last of them',
        found: (story.lastLiveMicros - readyMicros) / 1000,
        atMost: LIVE_WITHIN_MS,
      },
      {
        what: 'clients that the service served from their cursor',
        found: result.recovered.full ?? 0,
        atLeast: size.clients,
      },
      { what: 'events published, told to be safe', found: published.accepted, atLeast: 1 },
      { what: 'events that never were, though repeated', found: published.unsent, atMost: 0 },
      // What was rewound is far younger than retention, and nobody's policy leaves anything out.
      { what: 'gaps announced', found: result.gaps, atMost: 0 },
      { what: 'frames whose prev is not the pos before', found: result.brokenChains, atMost: 0 },
      { what: 'deliveries missing', found: due - result.events, atMost: 0, atLeast: 0 },
      {
        what: `missing on the ${result.sampledConnections} that check each event`,
        found: result.sampled.missing,
        atMost: 0,
      },
      { what: 'twice, on these', found: result.sampled.duplicated, atMost: 0 },
      { what: 'out of order in their key, on these', found: result.sampled.outOfOrder, atMost: 0 },
      {
        what: `events read from the log, at most twice the ${rewound} rewound and the ${sinceThen} since`,
        found: story.read,
        atMost: 2 * rewound + sinceThen,
      },
    ],
    notes: [...story.errors, ...published.errors.map((error) => `a producer was told: ${error}`)],
  };
}
