import type { ReceivedEvent, SlowReader } from './slow-reader.js';
import type { Check } from './check.js';

/** What a reader wrote down. */
export type Observed = Pick<
  SlowReader,
  'policy' | 'events' | 'gaps' | 'merged' | 'sentInMerged' | 'isMergedExact' | 'mergedFrames' | 'brokenChains' | 'bye'
>;

/** What happened around a reader that stopped reading, on the clock of all programs of the tool. */
export interface SlowStory {
  /** Sequences [0, accepted) were due. */
  readonly accepted: number;
  /** By sequence: when its producer was told that it is safe; 0 = it never was. */
  readonly answeredMicros: Float64Array;
  readonly keys: number;
  readonly stoppedAtMs: number;
  readonly readAgainMicros: number;
  /** How long after it stopped it must have reached the limit of what may be unconfirmed. */
  readonly limitAfterMs: number;
  readonly dropOldestKeeps: number;
}

const WITHIN_MICROS = 1_000_000;
const TOO_SLOW = 4008;

/** Exactly what its policy says, within 1 s. */
export function checksOf(reader: Observed, story: SlowStory): Check[] {
  const common: Check[] = [
    { what: `${reader.policy}: frames whose prev is not the pos before`, found: reader.brokenChains, atMost: 0 },
    {
      what: `${reader.policy}: events out of order in their key`,
      found: disorder(reader.events, story.keys),
      atMost: 0,
    },
    { what: `${reader.policy}: events twice`, found: reader.events.length - distinct(reader.events).size, atMost: 0 },
  ];
  const own = OWN[reader.policy](reader, story).map((check) => ({ ...check, what: `${reader.policy}: ${check.what}` }));
  return [...common, ...own];
}

const OWN: Record<Observed['policy'], (reader: Observed, story: SlowStory) => Check[]> = {
  block: (reader, story) => [
    { what: 'events missing in the end', found: missing(reader, story).length, atMost: 0 },
    { what: 'gaps', found: reader.gaps.length, atMost: 0 },
    {
      what: 'of what was safe when it read again, not there 1 s later',
      found: lateAfterWake(reader, story),
      atMost: 0,
    },
  ],

  'skip-to-live': (reader, story) => [
    { what: 'gaps', found: reader.gaps.length, atLeast: 1 },
    { what: 'events neither received nor counted by a gap', found: uncounted(reader, story), atMost: 0, atLeast: 0 },
    { what: 'live events, safe after it read again, within 1 s', found: liveWithin(reader, story), atLeast: 1 },
    { what: 'gaps later than 1 s', found: lateGaps(reader, story), atMost: 0 },
  ],

  'drop-oldest': (reader, story) => [
    { what: 'gaps', found: reader.gaps.length, atLeast: 1 },
    { what: 'events neither received nor counted by a gap', found: uncounted(reader, story), atMost: 0, atLeast: 0 },
    {
      what: 'newest events that it still got within 1 s',
      found: afterGapWithin(reader, story),
      atLeast: story.dropOldestKeeps,
    },
    { what: 'live events, safe after it read again, within 1 s', found: liveWithin(reader, story), atLeast: 1 },
    { what: 'gaps later than 1 s', found: lateGaps(reader, story), atMost: 0 },
  ],

  conflate: (reader, story) => [
    { what: 'conflated frames', found: reader.mergedFrames, atLeast: 1 },
    { what: 'gaps', found: reader.gaps.length, atMost: 0 },
    {
      what: 'events neither received nor counted as merged',
      found: reader.isMergedExact
        ? story.accepted - reader.events.length - (reader.merged - reader.sentInMerged)
        : Number.NaN,
      atMost: 0,
      atLeast: 0,
    },
    { what: 'keys whose latest value of then is not there 1 s later', found: staleKeys(reader, story), atMost: 0 },
  ],

  disconnect: (reader, story) => [
    { what: 'was told to go with 4008', found: reader.bye?.code ?? 0, atLeast: TOO_SLOW, atMost: TOO_SLOW },
    {
      what: 'ms from the limit to being told (1000 allowed)',
      found: reader.bye === undefined ? Number.NaN : reader.bye.serverMs - story.stoppedAtMs - story.limitAfterMs,
      atMost: 1_000,
    },
    { what: 'holes in what it got before', found: holes(reader.events, story.keys), atMost: 0 },
  ],
};

function distinct(events: readonly ReceivedEvent[]): Set<number> {
  return new Set(events.map(({ sequence }) => sequence));
}

function missing(reader: Observed, { accepted }: SlowStory): number[] {
  const got = distinct(reader.events);
  return Array.from({ length: accepted }, (_, sequence) => sequence).filter((sequence) => !got.has(sequence));
}

export function disorder(events: readonly ReceivedEvent[], keys: number): number {
  const latest = new Map<number, number>();
  let found = 0;
  for (const { sequence } of events) {
    const key = sequence % keys;
    if (sequence < (latest.get(key) ?? -1)) found++;
    else latest.set(key, sequence);
  }
  return found;
}

function isSafeAt(story: SlowStory, sequence: number, micros: number): boolean {
  const answered = story.answeredMicros[sequence];
  return answered > 0 && answered <= micros;
}

function lateAfterWake(reader: Observed, story: SlowStory): number {
  const inTime = distinct(reader.events.filter(({ atMicros }) => atMicros <= story.readAgainMicros + WITHIN_MICROS));
  let late = 0;
  for (let sequence = 0; sequence < story.accepted; sequence++) {
    if (isSafeAt(story, sequence, story.readAgainMicros) && !inTime.has(sequence)) late++;
  }
  return late;
}

/** 0 if events and exact counts of gaps add up to what was due. */
function uncounted(reader: Observed, { accepted }: SlowStory): number {
  const counted = reader.gaps.reduce((sum, gap) => sum + (gap.isExact ? (gap.count ?? Number.NaN) : Number.NaN), 0);
  return accepted - reader.events.length - counted;
}

function liveWithin(reader: Observed, story: SlowStory): number {
  const { readAgainMicros } = story;
  return reader.events.filter(
    ({ sequence, atMicros }) =>
      atMicros <= readAgainMicros + WITHIN_MICROS && !isSafeAt(story, sequence, readAgainMicros),
  ).length;
}

function afterGapWithin(reader: Observed, story: SlowStory): number {
  const gapAt = reader.gaps.at(-1)?.atMicros ?? Infinity;
  return reader.events.filter(({ atMicros }) => atMicros >= gapAt && atMicros <= story.readAgainMicros + WITHIN_MICROS)
    .length;
}

function lateGaps(reader: Observed, { readAgainMicros }: SlowStory): number {
  return reader.gaps.filter(({ atMicros }) => atMicros > readAgainMicros + WITHIN_MICROS).length;
}

function staleKeys(reader: Observed, story: SlowStory): number {
  const latestSafe = new Map<number, number>();
  for (let sequence = 0; sequence < story.accepted; sequence++) {
    if (isSafeAt(story, sequence, story.readAgainMicros)) latestSafe.set(sequence % story.keys, sequence);
  }
  const latestGot = new Map<number, number>();
  for (const { sequence, atMicros } of reader.events) {
    if (atMicros > story.readAgainMicros + WITHIN_MICROS) continue;
    const key = sequence % story.keys;
    latestGot.set(key, Math.max(sequence, latestGot.get(key) ?? -1));
  }
  return [...latestSafe].filter(([key, sequence]) => (latestGot.get(key) ?? -1) < sequence).length;
}

/** It may have been cut off, but up to there nothing may be left out of any key's row. */
export function holes(events: readonly ReceivedEvent[], keys: number): number {
  const got = distinct(events);
  return events.filter(({ sequence }) => sequence >= keys && !got.has(sequence - keys)).length;
}
