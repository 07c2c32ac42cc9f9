import type { EventRecord } from '../event.js';
import type { EventBatch } from '../event-batch.js';
import type { EntryMatcher } from '../matching/entry-matcher.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { conflationKeyOf } from './conflation-key.js';

export interface LastValueLimits {
  /** Of one lane; at the limit the key that was updated longest ago is forgotten, and snapshots lack it. */
  readonly maxKeysPerLane: number;
}

export interface LastValueEntry {
  readonly topic: string;
  readonly record: EventRecord;
}

const DEFAULT_LIMITS: LastValueLimits = { maxKeysPerLane: 100_000 };

/**
 * The newest event of each conflation key, filled by the tails of this process: what snapshots and REST reads come
 * from. It has exactly the events up to the end of the lane's segments, since both are fed in the same turn.
 */
export class LastValueTables {
  /** By lane, by conflation key; in the order of the last update, so that the first key is the one to forget. */
  private readonly lanes = new Map<string, { readonly topic: string; readonly latest: Map<string, EventRecord> }>();
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
    const name = `${topic.name}#${batch.lane.partition}`;
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      lane = { topic: topic.name, latest: new Map() };
      this.lanes.set(name, lane);
    }
    const { latest } = lane;
    this.keyCount -= latest.size;
    // Backwards, so that of many events with one key only the newest is copied.
    const newest = new Map<string, number>();
    for (let index = batch.count - 1; index >= 0; index--) {
      if (skip !== undefined && skip[index] === 1) continue;
      const key = conflationKeyOf(topic.conflationKey, batch, index);
      if (!newest.has(key)) newest.set(key, index);
    }
    for (const [key, index] of [...newest].reverse()) {
      const record = batch.recordAt(index);
      latest.delete(key);
      // A copy, since a view would keep the whole batch in memory.
      latest.set(key, { ...record, value: Buffer.from(record.value) });
    }
    for (const key of latest.keys()) {
      if (latest.size <= this.limits.maxKeysPerLane) break;
      latest.delete(key);
      this.forgotten.add();
    }
    this.keyCount += latest.size;
    this.keys.set(this.keyCount);
  }

  /** JSON text of the newest event of each key of one lane that the selection picks. */
  select(topic: string, partition: number, matcher: EntryMatcher): Uint8Array[] {
    const values: Uint8Array[] = [];
    for (const record of this.lanes.get(`${topic}#${partition}`)?.latest.values() ?? []) {
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
}
