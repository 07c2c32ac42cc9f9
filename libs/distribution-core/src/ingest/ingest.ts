import { DistributionError } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import type { Clock } from '../ports/clock.port.js';
import type { Appended, LaneAppend, Log } from '../ports/log.port.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';
import { offsetOfPosition, type Position, positionOfOffset } from '../position.js';
import { partitionOf } from '../routing/partition.js';
import { DEDUPE_WINDOW_MS } from './dedupe-window.js';
import {
  checkEvents,
  type EventLimits,
  type IngestTopic,
  type PublishedEvent,
  type TopicLookup,
} from './published-event.js';
import { type EventPlace, type RecentEvent, RecentIds } from './recent-ids.js';

export type { IngestTopic, PublishedEvent, TopicLookup } from './published-event.js';

export interface IngestLimits extends EventLimits {
  /** Of all calls that the log has not answered yet. */
  readonly maxPendingBytes: number;
  readonly retryAfterMs: number;
  readonly dedupeWindowMs: number;
  /** Ids remembered, of all topics. */
  readonly maxRecentIds: number;
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = {
  maxEventBytes: 1024 * 1024,
  maxAttributes: 64,
  maxAttributeLength: 1024,
  maxEventIdLength: 200,
  maxRoutingKeyLength: 512,
  maxPendingBytes: 64 * 1024 * 1024,
  retryAfterMs: 200,
  dedupeWindowMs: DEDUPE_WINDOW_MS,
  maxRecentIds: 200_000,
};

export interface PublishOutcome extends EventPlace {
  readonly eventId: string;
  /** Published before (or earlier in the same call): the place is that of the first. */
  readonly duplicate: boolean;
}

export interface IngestDependencies {
  readonly log: Log;
  readonly topics: TopicLookup;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits?: Partial<IngestLimits>;
}

/** What is kept of an event besides its value: id, key, time, attributes. A bound, not a measurement. */
const EVENT_OVERHEAD_BYTES = 256;

interface NewEvent {
  readonly index: number;
  readonly key: string;
  readonly record: EventRecord;
  readonly topic: IngestTopic;
}

/**
 * The way into an ingested topic: checks, drops copies, chooses the lanes, appends.
 *
 * Order: calls append in the order in which they were made, events of a lane in the order of the call. Atomicity: all
 * of a call in one append, so all or nothing where the log has transactions; elsewhere each lane of it.
 * Failure: nothing is appended of a call with `request.invalid`, `topic.not_found`, `payload.too_large`,
 * `event.key_conflict` or `ingest.busy`; with `broker.unavailable` it may or may not be there, and publishing it again
 * is safe: readers drop what became a copy. A call that holds a copy of an event still in flight shares its fate.
 * Overlap: any number of calls, until their bytes are too many.
 */
export class Ingest {
  private readonly log: Log;
  private readonly topics: TopicLookup;
  private readonly clock: Clock;
  private readonly limits: IngestLimits;
  private readonly recent: RecentIds;
  private readonly eventsTotal: Counter;
  private readonly duplicatesTotal: Counter;
  private readonly busyTotal: Counter;
  private readonly pendingGauge: Gauge;
  private pendingBytes = 0;

  constructor({ log, topics, clock, metrics, limits }: IngestDependencies) {
    this.log = log;
    this.topics = topics;
    this.clock = clock;
    this.limits = { ...DEFAULT_INGEST_LIMITS, ...limits };
    this.recent = new RecentIds(this.limits.dedupeWindowMs, this.limits.maxRecentIds);
    this.eventsTotal = metrics.counter('ingest_events_total', 'Events appended to the log');
    this.duplicatesTotal = metrics.counter(
      'ingest_duplicates_total',
      'Events dropped because they were published before',
    );
    this.busyTotal = metrics.counter('ingest_busy_total', 'Calls refused because too many bytes were in flight');
    this.pendingGauge = metrics.gauge('ingest_pending_bytes', 'Bytes that the log has not answered yet');
  }

  /**
   * Outcomes in the order of the events. The position of an event is its own where the log counts without holes, else
   * that of the last event that the call appended to the lane.
   */
  async publish(events: readonly PublishedEvent[]): Promise<readonly PublishOutcome[]> {
    const topics = checkEvents(events, this.topics, this.limits);
    const nowMs = this.clock.monotonicMs();
    this.recent.expire(nowMs);
    const { fresh, copies } = this.sortOut(events, topics);
    const bytes = fresh.reduce((sum, { record }) => sum + record.value.length + EVENT_OVERHEAD_BYTES, 0);
    this.admit(bytes);
    const places: (EventPlace | undefined)[] = new Array<undefined>(events.length);
    const appended = fresh.length === 0 ? undefined : this.append(fresh, bytes, nowMs, places);
    // Only now are the copies within this very call to be found among the recent ones.
    const originals = copies.map(async ({ index, key, original }) => {
      places[index] = await (original ?? (this.recent.find(key) as RecentEvent)).place;
    });
    await Promise.all([appended, ...originals]);
    this.eventsTotal.add(fresh.length);
    this.duplicatesTotal.add(copies.length);
    const copied = new Set(copies.map(({ index }) => index));
    return events.map(({ record }, index) => ({
      eventId: record.eventId,
      duplicate: copied.has(index),
      ...(places[index] as EventPlace),
    }));
  }

  private sortOut(events: readonly PublishedEvent[], topics: readonly IngestTopic[]) {
    const fresh = new Map<string, NewEvent>();
    const copies: { readonly index: number; readonly key: string; readonly original: RecentEvent | undefined }[] = [];
    const conflicts: number[] = [];
    events.forEach(({ topic: name, record }, index) => {
      const topic = topics[index];
      const key = `${name}\n${topic.catalogVersion ?? 0}\n${record.eventId}`;
      const original = this.recent.find(key);
      const routingKey = original?.routingKey ?? fresh.get(key)?.record.routingKey;
      if (routingKey === undefined) fresh.set(key, { index, key, record, topic });
      else if (routingKey === record.routingKey) copies.push({ index, key, original });
      else conflicts.push(index);
    });
    if (conflicts.length > 0) {
      throw new DistributionError('event.key_conflict', 'an event id was published with another routing key', {
        problems: conflicts.map((index) => ({
          path: `events[${index}].routing.routing_key`,
          rule: 'must be the one that this event_id was published with',
        })),
      });
    }
    return { fresh: [...fresh.values()], copies };
  }

  private admit(bytes: number): void {
    const { maxPendingBytes, retryAfterMs } = this.limits;
    if (bytes > maxPendingBytes) {
      throw new DistributionError('payload.too_large', `a call must be at most ${maxPendingBytes} bytes`);
    }
    if (this.pendingBytes + bytes > maxPendingBytes) {
      this.busyTotal.add();
      throw new DistributionError('ingest.busy', 'too many bytes wait for the broker', { retryAfterMs });
    }
  }

  private async append(
    fresh: readonly NewEvent[],
    bytes: number,
    nowMs: number,
    places: (EventPlace | undefined)[],
  ): Promise<void> {
    const lanes = laneAppends(fresh);
    this.pendingBytes += bytes;
    this.pendingGauge.set(this.pendingBytes);
    const done = this.log.append(lanes.map(({ append }) => append)).then((appended) => {
      lanes.forEach(({ events }, at) => {
        events.forEach(({ index }, row) => {
          places[index] = { lane: appended[at].lane, position: positionOf(appended[at], row, events.length) };
        });
      });
    });
    const remembered = fresh.map(({ index, key, record }) => {
      const place = done.then(() => places[index] as EventPlace);
      // Whoever waits for it hears of the failure; nobody may.
      place.catch(() => undefined);
      const event: RecentEvent = { routingKey: record.routingKey, publishedAtMs: nowMs, place };
      this.recent.add(key, event);
      return { key, event };
    });
    try {
      await done;
    } catch (error) {
      for (const { key, event } of remembered) this.recent.remove(key, event);
      throw error;
    } finally {
      this.pendingBytes -= bytes;
      this.pendingGauge.set(this.pendingBytes);
    }
  }
}

function laneAppends(events: readonly NewEvent[]): { readonly append: LaneAppend; readonly events: NewEvent[] }[] {
  const lanes = new Map<string, { append: LaneAppend & { records: EventRecord[] }; events: NewEvent[] }>();
  for (const event of events) {
    const { brokerName, partitions } = event.topic;
    const partition = partitionOf(event.record.routingKey, partitions);
    const name = `${brokerName}#${partition}`;
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = { append: { topic: brokerName, partition, records: [] }, events: [] };
      lanes.set(name, lane);
    }
    lane.append.records.push(event.record);
    lane.events.push(event);
  }
  return [...lanes.values()];
}

function positionOf({ first, last }: Appended, row: number, count: number): Position {
  const offset = offsetOfPosition(first);
  if (offset === undefined || offset < 0 || positionOfOffset(offset + count - 1) !== last) return last;
  return positionOfOffset(offset + row);
}
