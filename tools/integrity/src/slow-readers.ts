import type { WireSlowPolicy } from '@distributary/contracts';
import {
  ChildProgram,
  INGEST_PATH,
  type LoadAnswer,
  type LoadCommand,
  type LoadResult,
  median,
  monotonicMicros,
  programPath,
  type PublisherAnswer,
  type PublisherCommand,
  type ServerProcess,
  startMonitoringService,
  STREAM_PATH,
} from '@distributary/bench';
import { type Check, worstOf } from './check.js';
import { checksOf } from './policy-checks.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { SlowReader } from './slow-reader.js';

import { pauseMs, untilTrue } from './waiting.js';

/**
 * A reader that stops reading, once per policy, beside fast ones.
 *
 *   publisher ──▶ service ──▶ 100 fast readers: their p99 is compared with the paired run without a slow one
 *                    └──────▶ 1 slow reader: reads … stops (no pong either) … reads again: what does it get?
 *
 * At the end a crowd of slow readers that never read again, for the memory that they must not cost.
 *
 * In the small version all five slow readers stand in one run, there is no crowd, and the p99 of the fast ones is told, not judged: other
 * tests run at the same time.
 */
const TOPIC = 'monitoring/metrics';
const POLICIES: readonly WireSlowPolicy[] = ['block', 'conflate', 'drop-oldest', 'skip-to-live', 'disconnect'];
const KEYS = 16;
const DROP_OLDEST_KEEPS = 200;
const SEGMENT_MEMORY_BYTES = 32 * 2 ** 20;
/** What the service may keep of encoded frames besides; not a setting. */
const KEPT_FRAMES_BYTES = 64 * 2 ** 20;
/** Beyond the budget: garbage that V8 has not collected yet, of a process that is busy. */
const UNCOLLECTED_BYTES = 64 * 2 ** 20;
/** What may be unconfirmed: this much, or a quarter of a second if that is more. */
const UNCONFIRMED_LIMIT_BYTES = 256 * 1024;
const UNCONFIRMED_LIMIT_MS = 250;
const READS_FIRST_MS = 1_500;
const MAX_SLOWDOWN = 1.25;

interface Size {
  readonly fast: number;
  readonly eventsPerSecond: number;
  readonly stopsForMs: number;
  readonly afterwardsMs: number;
  readonly pairs: number;
  /** As delivered; known after the first run. */
  readonly eventBytes: number;
}

const EVENT_BYTES = 330;

/** Only for memory: so many that a queue for each of them, unbounded, would be seen in the RSS at once. */
const CROWD_PER_POLICY = 20;
const CROWD: Size = {
  fast: 20,
  eventsPerSecond: 2_000,
  stopsForMs: 10_000,
  afterwardsMs: 0,
  pairs: 1,
  eventBytes: EVENT_BYTES,
};

const SIZES: Record<'full' | 'small', Size> = {
  full: {
    fast: 100,
    eventsPerSecond: 2_000,
    stopsForMs: 4_000,
    afterwardsMs: 2_000,
    pairs: 3,
    eventBytes: EVENT_BYTES,
  },
  small: {
    fast: 40,
    eventsPerSecond: 1_000,
    stopsForMs: 2_200,
    afterwardsMs: 1_300,
    pairs: 1,
    eventBytes: EVENT_BYTES,
  },
};

type Memory = ReturnType<ServerProcess['memory']>;

interface Run {
  readonly result: LoadResult;
  /** At their highest. */
  readonly memory: Memory;
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
}

export const slowReaders: Scenario = {
  name: 'slow-readers',
  about: 'a reader that stops reading, once per policy, beside fast ones',

  async run(options: ScenarioOptions) {
    let size: Size = SIZES[options.small ? 'small' : 'full'];
    const service = await startMonitoringService({
      env: {
        DROP_OLDEST_KEEPS: String(DROP_OLDEST_KEEPS),
        SEGMENT_MEMORY_BYTES: String(SEGMENT_MEMORY_BYTES),
      },
    });
    try {
      // One run so that both sides of each pair find compiled code and grown buffers.
      const first = await oneRun(service, [], options.small ? { ...size, stopsForMs: 500, afterwardsMs: 0 } : size);
      const before = service.memory();
      let peak = before;
      size = { ...size, eventBytes: first.result.eventBytes };
      const groups = options.small ? [POLICIES] : POLICIES.map((policy) => [policy]);
      const checks: Check[] = [];
      const notes: string[] = [];
      for (const group of groups) {
        const pairs = await pairsOf(service, group, size, options);
        const runs = pairs.map(({ withSlow }) => withSlow);
        peak = higher(peak, ...runs.map((run) => run.memory));
        checks.push(...worstOf(runs.map((run) => run.checks)), slowdown(group, pairs, options.small));
        notes.push(...runs.flatMap((run) => run.notes));
      }
      if (!options.small) {
        const crowd = POLICIES.flatMap((policy) => Array.from({ length: CROWD_PER_POLICY }, () => policy));
        peak = higher(peak, (await oneRun(service, crowd, CROWD)).memory);
      }
      checks.push(...memoryChecks(before, peak));
      return { checks, notes };
    } finally {
      await service.stop();
    }
  },
};

function higher(...memories: readonly Memory[]): Memory {
  return {
    residentBytes: Math.max(...memories.map((memory) => memory.residentBytes)),
    anonymousBytes: Math.max(...memories.map((memory) => memory.anonymousBytes)),
  };
}

function memoryChecks(before: Memory, peak: Memory): Check[] {
  return [
    {
      what: 'own memory (RSS without mapped files) above the one before, at the peak, MiB',
      found: (peak.anonymousBytes - before.anonymousBytes) / 2 ** 20,
      atMost: (SEGMENT_MEMORY_BYTES + KEPT_FRAMES_BYTES + UNCOLLECTED_BYTES) / 2 ** 20,
    },
    {
      what: 'RSS, with the pages of the log that are mapped, above the one before, MiB',
      found: (peak.residentBytes - before.residentBytes) / 2 ** 20,
    },
  ];
}

interface Pair {
  readonly without: Run;
  readonly withSlow: Run;
}

async function pairsOf(
  service: ServerProcess,
  policies: readonly WireSlowPolicy[],
  size: Size,
  { tell }: ScenarioOptions,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let pair = 0; pair < size.pairs; pair++) {
    const isWithoutFirst = pair % 2 === 0;
    const first = await oneRun(service, isWithoutFirst ? [] : policies, size);
    const second = await oneRun(service, isWithoutFirst ? policies : [], size);
    const [without, withSlow] = isWithoutFirst ? [first, second] : [second, first];
    pairs.push({ without, withSlow });
    tell(`${policies.join(', ')}: p99 ${p99(withSlow).toFixed(2)} ms beside it, ${p99(without).toFixed(2)} ms without`);
  }
  return pairs;
}

const p99 = (run: Run): number => run.result.fromScheduled.p99;

function slowdown(policies: readonly WireSlowPolicy[], pairs: readonly Pair[], small: boolean): Check {
  const ratio = median(pairs.map(({ withSlow, without }) => p99(withSlow) / p99(without)));
  return {
    what: `${policies.join(', ')}: p99 of the fast ones, times that without (median of ${pairs.length} pairs)`,
    found: ratio,
    ...(small ? {} : { atMost: MAX_SLOWDOWN }),
  };
}

async function oneRun(service: ServerProcess, policies: readonly WireSlowPolicy[], size: Size): Promise<Run> {
  const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'), undefined);
  const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'), undefined);
  const url = `ws://127.0.0.1:${service.port}${STREAM_PATH}`;
  const readers = policies.map((policy) => new SlowReader(url, policy, TOPIC));
  let memory = service.memory();
  const sampler = setInterval(() => (memory = higher(memory, service.memory())), 100);
  try {
    const path = `${STREAM_PATH}?patterns=${encodeURIComponent(TOPIC)}&slow_policy=block`;
    const target = { port: service.port, path };
    await load.ask(
      { type: 'connect', target, count: size.fast, sampleEvery: 20, keys: KEYS, reconnects: false },
      'connected',
      60_000,
    );
    await untilTrue('the slow readers to be subscribed', () => readers.every((reader) => reader.isSubscribed), 10_000);

    const seconds = (READS_FIRST_MS + size.stopsForMs + size.afterwardsMs) / 1000;
    const startMicros = monotonicMicros() + 200_000;
    load.tell({ type: 'measure', window: { fromMicros: startMicros + 1e6, toMicros: startMicros + seconds * 1e6 } });
    const publishing = producer.ask(
      {
        type: 'publish',
        plan: {
          port: service.port,
          path: INGEST_PATH,
          topic: TOPIC,
          run: `q${Math.round(startMicros).toString(36)}-`,
          keys: KEYS,
          connections: 4,
          eventsPerSecond: size.eventsPerSecond,
          startMicros,
          seconds,
          graceMs: 3_000,
        },
      },
      'published',
      seconds * 1000 + 30_000,
    );
    await untilMicros(startMicros + READS_FIRST_MS * 1000);
    for (const reader of readers) reader.stopReading();
    const stoppedAtMs = Date.now();
    const limitAfterMs = limitAfterMsOf(size);
    // It is told within 1 s of the limit; later the service cuts the connection, and what lies in it may be lost.
    const disconnected = pauseMs(limitAfterMs + 1_000).then(() => {
      for (const reader of readers) if (reader.policy === 'disconnect' && size.afterwardsMs > 0) reader.readAgain();
    });
    await untilMicros(startMicros + (READS_FIRST_MS + size.stopsForMs) * 1000);
    for (const reader of readers) if (size.afterwardsMs > 0) reader.readAgain();
    const readAgainMicros = monotonicMicros();
    await disconnected;

    const published = await publishing;
    const result = await load.ask(
      { type: 'finish', events: published.accepted, quietMs: 3_000, withSamples: false },
      'result',
      60_000,
    );
    const story = {
      accepted: published.accepted,
      answeredMicros: published.answeredMicros,
      keys: KEYS,
      stoppedAtMs,
      readAgainMicros,
      limitAfterMs,
      dropOldestKeeps: DROP_OLDEST_KEEPS,
    };
    const fastLost = published.accepted * result.connections - result.events;
    return {
      result,
      memory,
      checks: [
        {
          what: `${policies.join(', ')}: deliveries that the fast ones missed`,
          found: fastLost,
          atMost: 0,
          atLeast: 0,
        },
        ...readers.flatMap((reader) => checksOf(reader, story)),
      ],
      notes: [...published.errors, ...result.errors, ...readers.flatMap((reader) => reader.errors)],
    };
  } finally {
    clearInterval(sampler);
    for (const reader of readers) reader.close();
    await Promise.all([load.stop(), producer.stop()]);
  }
}

/** How long it takes until a reader that stopped has as much unconfirmed as it may have. */
function limitAfterMsOf({ eventBytes, eventsPerSecond }: Size): number {
  return Math.max((UNCONFIRMED_LIMIT_BYTES * 1000) / (eventBytes * eventsPerSecond), UNCONFIRMED_LIMIT_MS);
}

const untilMicros = (micros: number) => pauseMs((micros - monotonicMicros()) / 1000);
