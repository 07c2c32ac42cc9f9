import type { WireSlowPolicy } from '@distributary/contracts';
import {
  acceptedLatencies,
  ChildProgram,
  type LoadAnswer,
  type LoadCommand,
  type LoadResult,
  monotonicMicros,
  programPath,
  type PublisherAnswer,
  type PublisherCommand,
  type ServerProcess,
} from '@distributary/bench';
import type { Check } from './check.js';
import { checksOf } from './policy-checks.js';
import { higher, type Memory, UNCONFIRMED_LIMIT_BYTES } from './slow-reader-memory.js';
import { SlowReader } from './slow-reader.js';
import { ingestPath, streamPath, streamUrl, type TestedService } from './stage/tested-service.js';
import { pauseMs, untilTrue } from './waiting.js';

export const DROP_OLDEST_KEEPS = 200;
const UNCONFIRMED_LIMIT_MS = 250;
const READS_FIRST_MS = 1_500;

export interface Size {
  readonly fast: number;
  readonly eventsPerSecond: number;
  readonly stopsForMs: number;
  readonly afterwardsMs: number;
  readonly pairs: number;
  /** As delivered; known after the first run. */
  readonly eventBytes: number;
}

export interface MeasuredService {
  readonly process: ServerProcess;
  readonly tested: TestedService;
}

export interface Run {
  readonly result: LoadResult;
  /** Of the fast readers, from the answer to the producer: how long the disk takes is not theirs. */
  readonly p99Ms: number;
  /** At their highest. */
  readonly memory: Memory;
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
}

/** Fast readers, and one slow reader for each of the policies: none, for the run that it is compared with. */
export async function runBeside(
  { process: service, tested }: MeasuredService,
  policies: readonly WireSlowPolicy[],
  size: Size,
): Promise<Run> {
  const { pattern, topics, keys, kind } = tested.stamped;
  const load = ChildProgram.start<LoadCommand, LoadAnswer>(programPath('load-client'));
  const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'));
  const url = streamUrl(tested, service.port);
  const readers = policies.map((policy) => new SlowReader(url, policy, pattern));
  let memory = service.memory();
  const sampler = setInterval(() => (memory = higher(memory, service.memory())), 100);
  try {
    const path = `${streamPath(tested)}?patterns=${encodeURIComponent(pattern)}&slow_policy=block`;
    await load.ask(
      {
        type: 'connect',
        targets: [{ port: service.port, path }],
        topics: topics.length,
        share: { each: topics.length, step: 1, apart: 1 },
        count: size.fast,
        sampleEvery: 20,
        keys,
        reconnects: false,
      },
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
          path: ingestPath(tested),
          ...{ kind, topics, keys },
          run: `q${Math.round(startMicros).toString(36)}-`,
          connections: 4,
          lingerMs: 0,
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
      { type: 'finish', events: published.acceptedOf, quietMs: 3_000, withSamples: true },
      'result',
      60_000,
    );
    for (const reader of readers) reader.digest();
    const story = {
      accepted: published.accepted,
      answeredMicros: published.answeredMicros,
      keys: topics.length * keys,
      stoppedAtMs,
      readAgainMicros,
      limitAfterMs,
      dropOldestKeeps: DROP_OLDEST_KEEPS,
    };
    const fastLost = result.due - result.events;
    return {
      result,
      p99Ms: acceptedLatencies(result.samples, published.answeredMicros).p99,
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
      notes: [...published.errors, ...result.errors, ...readers.flatMap(notesOf)],
    };
  } finally {
    clearInterval(sampler);
    for (const reader of readers) reader.close();
    await Promise.all([load.stop(), producer.stop()]);
  }
}

/** A reader that was cut off tells why its policy was not kept. */
function notesOf({ policy, closeCode, errors }: SlowReader): string[] {
  const isCutOff = closeCode !== undefined && policy !== 'disconnect';
  return [...errors, ...(isCutOff ? [`${policy}: the connection was closed with ${closeCode}`] : [])];
}

/** How long it takes until a reader that stopped has as much unconfirmed as it may have. */
function limitAfterMsOf({ eventBytes, eventsPerSecond }: Size): number {
  return Math.max((UNCONFIRMED_LIMIT_BYTES * 1000) / (eventBytes * eventsPerSecond), UNCONFIRMED_LIMIT_MS);
}

const untilMicros = (micros: number) => pauseMs((micros - monotonicMicros()) / 1000);
