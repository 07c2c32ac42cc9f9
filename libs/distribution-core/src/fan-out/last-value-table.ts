import type { EventRecord } from '../event.js';
import type { EventBatch } from '../event-batch.js';
import type { EntryMatcher } from '../matching/entry-matcher.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { BEFORE_FIRST, type Position } from '../position.js';
import { conflationCodes, conflationKeyOf } from './conflation-key.js';

export interface LastValueLimits {
  /** Of one lane; at the limit the key that was updated longest ago is forgotten, and snapshots lack it. */
  readonly maxKeysPerLane: number;
}

export interface LastValueEntry {
  readonly topic: string;
  readonly record: EventRecord;
}

const DEFAULT_LIMITS: LastValueLimits = { maxKeysPerLane: 100_000 };

/** With the place where it lies. */
interface PlacedRecord extends EventRecord {
  readonly position: Position;
}

export interface NewestEvent {
  /** Of its conflation. */
  readonly key: string;
  readonly record: PlacedRecord;
}

interface LaneTable {
  readonly topic: string;
  /** In the order of the last update, so that the first key is the one to forget. */
  latest: Map<string, PlacedRecord>;
  /** While what came before the tail is still being read: the newest of that. */
  older: Map<string, PlacedRecord> | undefined;
  /** Where the newest event lies whose key had to be forgotten; the first position if a snapshot lacks nothing. */
  forgottenUpTo: Position;
}

/**
 * The newest event of each conflation key, filled by the tails of this process: what snapshots and REST reads come
 * from. It has exactly the events up to the end of the lane's segments, since both are fed in the same turn; what came
 * before the tail is read once, see {@link LastValueRebuild}.
 */
export class LastValueTables {
  private readonly lanes = new Map<string, LaneTable>();
  private readonly limits: LastValueLimits;
  private readonly forgotten: Counter;
  private readonly keys: Gauge;
  private keyCount = 0;

  constructor({ metrics, limits }: { readonly metrics: Metrics; readonly limits?: Partial<LastValueLimits> }) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.forgotten = metrics.counter('last_values_forgotten_total', 'Keys dropped because a lane has too many');
    this.keys = metrics.gauge('last_values_keys', 'Keys whose latest event is kept');
  }

  /** `skip` marks copies, which change nothing. To be called for topics that have a conflation key. */
  apply(topic: TopicDefinition, batch: EventBatch, skip: Uint8Array | undefined): void {
    const lane = this.laneOf(topic.name, batch.lane.partition);
    this.keyCount -= lane.latest.size;
    update(lane.latest, topic, batch, skip, batch.count);
    this.limit(lane, lane.latest);
    this.keyCount += lane.latest.size;
    this.keys.set(this.keyCount);
  }

  /** From now on until `finishRebuild` the lane's table lacks what came before its tail. */
  beginRebuild(topic: string, partition: number): void {
    this.laneOf(topic, partition).older = new Map();
  }

  /** In the order of the lane; what lies after `upTo` is the tail's. */
  applyOlder(topic: TopicDefinition, batch: EventBatch, skip: Uint8Array | undefined, upTo: Position): void {
    const lane = this.laneOf(topic.name, batch.lane.partition);
    if (lane.older === undefined) return;
    const end = batch.lastPosition <= upTo ? batch.count : batch.positions.indexAfter(upTo);
    update(lane.older, topic, batch, skip, end);
    this.limit(lane, lane.older);
  }

  finishRebuild(topic: string, partition: number): void {
    const lane = this.laneOf(topic, partition);
    if (lane.older === undefined) return;
    this.keyCount -= lane.latest.size;
    const { latest } = lane;
    lane.latest = lane.older;
    for (const [key, record] of latest) {
      lane.latest.delete(key);
      lane.latest.set(key, record);
    }
    lane.older = undefined;
    this.limit(lane, lane.latest);
    this.keyCount += lane.latest.size;
    this.keys.set(this.keyCount);
  }

  /** Whether a snapshot of the lane has every key that the lane keeps. */
  isComplete(topic: string, partition: number): boolean {
    const lane = this.lanes.get(nameOf(topic, partition));
    return lane === undefined || (lane.older === undefined && lane.forgottenUpTo === BEFORE_FIRST);
  }

  /** What came before the tail is still being read. */
  isRebuilding(topic: string, partition: number): boolean {
    return this.lanes.get(nameOf(topic, partition))?.older !== undefined;
  }

  /**
   * The newest events of all keys whose last change lies in (after, upTo], in the order of the lane. Of keys that changed up to
   * `knownAfter` some may be missing.
   */
  newestWithin(
    topic: string,
    partition: number,
    after: Position,
    upTo: Position,
  ): { readonly events: readonly NewestEvent[]; readonly knownAfter: Position } {
    const lane = this.laneOf(topic, partition);
    const events: NewestEvent[] = [];
    for (const [key, record] of lane.latest) {
      if (record.position > after && record.position <= upTo) events.push({ key, record });
    }
    return { events, knownAfter: lane.older === undefined ? lane.forgottenUpTo : upTo };
  }

  /** JSON text of the newest event of each key of one lane that the selection picks. */
  select(topic: string, partition: number, matcher: EntryMatcher): Uint8Array[] {
    const values: Uint8Array[] = [];
    for (const record of this.lanes.get(nameOf(topic, partition))?.latest.values() ?? []) {
      if (matcher.matchesRecord(topic, record)) values.push(record.value);
    }
    return values;
  }

  *entries(isWanted: (topic: string) => boolean = () => true): Generator<LastValueEntry> {
    for (const { topic, latest } of this.lanes.values()) {
      if (!isWanted(topic)) continue;
      for (const record of latest.values()) yield { topic, record };
    }
  }

  forget(topic: string): void {
    for (const [name, lane] of this.lanes) {
      if (lane.topic !== topic) continue;
      this.keyCount -= lane.latest.size;
      this.lanes.delete(name);
    }
    this.keys.set(this.keyCount);
  }

  private laneOf(topic: string, partition: number): LaneTable {
    const name = nameOf(topic, partition);
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      lane = { topic, latest: new Map(), older: undefined, forgottenUpTo: BEFORE_FIRST };
      this.lanes.set(name, lane);
    }
    return lane;
  }

  private limit(lane: LaneTable, table: Map<string, PlacedRecord>): void {
    // The first key is behind the places of all that were set anew since: it is not looked for in vain.
    if (table.size <= this.limits.maxKeysPerLane) return;
    for (const [key, { position }] of table) {
      if (table.size <= this.limits.maxKeysPerLane) break;
      table.delete(key);
      if (position > lane.forgottenUpTo) lane.forgottenUpTo = position;
      this.forgotten.add();
    }
  }
}

const nameOf = (topic: string, partition: number): string => `${topic}#${partition}`;

/** The newest event of each key in [0, end) of the batch. */
function update(
  table: Map<string, PlacedRecord>,
  topic: TopicDefinition,
  batch: EventBatch,
  skip: Uint8Array | undefined,
  end: number,
): void {
  // Backwards, so that of many events with one key only the newest is copied, and texts are made of few.
  const newest = new Map<string, number>();
  const codeOf = conflationCodes(topic.conflationKey, batch);
  const seen = new Set<number>();
  for (let index = end - 1; index >= 0; index--) {
    if (skip !== undefined && skip[index] === 1) continue;
    const code = codeOf(index);
    if (seen.has(code)) continue;
    if (!Number.isNaN(code)) seen.add(code);
    const key = conflationKeyOf(topic.conflationKey, batch, index);
    if (!newest.has(key)) newest.set(key, index);
  }
  for (const [key, index] of [...newest].reverse()) {
    const { value, eventId, timeMicros, routingKey, attributes, traceparent } = batch.recordAt(index);
    const position = batch.positions.at(index);
    table.delete(key);
    // A copy, since a view would keep the whole batch in memory. All fields by name, for a field added to a spread object is dear.
    const copy = Buffer.from(value);
    table.set(key, { eventId, timeMicros, routingKey, attributes, traceparent, value: copy, position });
  }
}
