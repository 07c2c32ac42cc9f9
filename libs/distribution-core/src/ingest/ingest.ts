import { DistributionError } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import type { Clock } from '../ports/clock.port.js';
import type { Appended, LaneAppend, Log } from '../ports/log.port.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';
import { offsetOfPosition, type Position, positionOfOffset } from '../position.js';
import { partitionOf } from '../routing/partition.js';
import type { EventRouter } from '../routing/rules/event-router.js';
import { DEDUPE_WINDOW_MS } from './dedupe-window.js';
import {
  checkEvents,
  type EventLimits,
  type IngestTopic,
  type PublishedEvent,
  type TopicLookup,
} from './published-event.js';
import { type EventPlace, PendingEvent, type RecentEvent, RecentIds } from './recent-ids.js';

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
  /** Sends copies of events to other topics, in the same append. */
  readonly router?: EventRouter;
}

/** What is kept of an event besides its value: id, key, time, attributes. A bound, not a measurement. */
const EVENT_OVERHEAD_BYTES = 256;

/** Something to be appended: an event, or what a rule made of one. */
interface NewEvent {
  readonly topicName: string;
  readonly key: string;
  readonly record: EventRecord;
  readonly topic: IngestTopic;
  /** Known once the log has it. */
  place?: EventPlace;
}

/** An event of the call that was not published before. */
interface FreshEvent extends NewEvent {
  readonly index: number;
}

/** Where an event of the call is to be found when all is appended: its own place, or that of the copy it became. */
interface Landing {
  readonly index: number;
  readonly key: string;
  readonly routingKey: string;
  readonly at: NewEvent | RecentEvent;
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
  private readonly router: EventRouter | undefined;
  private readonly eventsTotal: Counter;
  private readonly duplicatesTotal: Counter;
  private readonly busyTotal: Counter;
  private readonly pendingGauge: Gauge;
  private pendingBytes = 0;

  constructor({ log, topics, clock, metrics, limits, router }: IngestDependencies) {
    this.log = log;
    this.topics = topics;
    this.clock = clock;
    this.limits = { ...DEFAULT_INGEST_LIMITS, ...limits };
    this.recent = new RecentIds(this.limits.dedupeWindowMs, this.limits.maxRecentIds);
    this.router = router;
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
    const { appends, landings, awaited } = this.place(fresh);
    const bytes = appends.reduce((sum, { record }) => sum + record.value.length + EVENT_OVERHEAD_BYTES, 0);
    this.admit(bytes);
    const places: (EventPlace | undefined)[] = new Array<undefined>(events.length);
    const appended = this.append(appends, landings, bytes, nowMs, places);
    // Only now are the copies within this very call to be found among the recent ones.
    const originals = copies.map(async ({ index, key, original }) => {
      places[index] = await (original ?? (this.recent.find(key) as RecentEvent)).place();
    });
    await Promise.all([appended, ...originals, ...awaited.map((event) => event.place())]);
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
    const fresh = new Map<string, FreshEvent>();
    const copies: { readonly index: number; readonly key: string; readonly original: RecentEvent | undefined }[] = [];
    const conflicts: number[] = [];
    events.forEach(({ topic: name, record }, index) => {
      const topic = topics[index];
      const key = recentKey(name, topic, record);
      const original = this.recent.find(key);
      const earlier = fresh.get(key);
      if (original === undefined && earlier === undefined)
        fresh.set(key, { index, key, record, topic, topicName: name });
      else if (original?.hasRoutingKey(record.routingKey) ?? earlier?.record.routingKey === record.routingKey) {
        copies.push({ index, key, original });
      } else conflicts.push(index);
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

  /** What the rules make of the events. Without rules that concern them: the events themselves. */
  private place(fresh: readonly FreshEvent[]): {
    readonly appends: readonly NewEvent[];
    readonly landings: readonly Landing[];
    /** Copies that are on their way already: this call shares their fate. */
    readonly awaited: readonly RecentEvent[];
  } {
    const { router } = this;
    const landed = (event: FreshEvent, at: NewEvent | RecentEvent): Landing => {
      return { index: event.index, key: event.key, routingKey: event.record.routingKey, at };
    };
    if (router === undefined || !fresh.some(({ topicName }) => router.concerns(topicName))) {
      return { appends: fresh, landings: fresh.map((event) => landed(event, event)), awaited: [] };
    }
    const routed = router.route(fresh.map(({ topicName, record }) => ({ topic: topicName, record })));
    const taken = new Set(fresh.map(({ key }) => key));
    const appends: NewEvent[] = [];
    const landings: Landing[] = [];
    const awaited: RecentEvent[] = [];
    fresh.forEach((event, at) => {
      const { keepsOriginal, copies } = routed[at] ?? { keepsOriginal: true, copies: [] };
      let first: NewEvent | RecentEvent | undefined = keepsOriginal ? event : undefined;
      if (keepsOriginal) appends.push(event);
      for (const { topic: name, target, record } of copies) {
        const key = recentKey(name, target, record);
        const known = this.recent.find(key);
        if (known !== undefined) awaited.push(known);
        const copy: NewEvent = { key, topicName: name, record, topic: target };
        first ??= known ?? copy;
        if (known !== undefined || taken.has(key)) continue;
        taken.add(key);
        appends.push(copy);
      }
      landings.push(landed(event, first ?? event));
    });
    return { appends, landings, awaited };
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
    appends: readonly NewEvent[],
    landings: readonly Landing[],
    bytes: number,
    nowMs: number,
    places: (EventPlace | undefined)[],
  ): Promise<void> {
    if (landings.length === 0) return;
    this.pendingBytes += bytes;
    this.pendingGauge.set(this.pendingBytes);
    const done = this.appendLanes(appends);
    // Whoever waits for it hears of the failure; nobody may.
    done.catch(() => undefined);
    const remembered: { readonly key: string; readonly event: PendingEvent }[] = [];
    const remember = (key: string, routingKey: string, at: { readonly place?: EventPlace }, known = done) => {
      const event = new PendingEvent(routingKey, nowMs, known, at);
      this.recent.add(key, event);
      remembered.push({ key, event });
    };
    for (const event of appends) remember(event.key, event.record.routingKey, event);
    const elsewhere: Promise<void>[] = [];
    for (const { index, key, routingKey, at } of landings) {
      // An event that moved on is still known where it was published to.
      if ('key' in at) {
        if (at.key !== key) remember(key, routingKey, at);
        continue;
      }
      const target: { place?: EventPlace } = {};
      const known = at.place().then((place) => void (places[index] = target.place = place));
      known.catch(() => undefined);
      elsewhere.push(known);
      remember(key, routingKey, target, known);
    }
    try {
      await Promise.all([done, ...elsewhere]);
      for (const { index, at } of landings) if ('key' in at) places[index] = at.place;
      for (const { key, event } of remembered) this.recent.settle(key, event);
    } catch (error) {
      for (const { key, event } of remembered) this.recent.drop(key, event);
      throw error;
    } finally {
      this.pendingBytes -= bytes;
      this.pendingGauge.set(this.pendingBytes);
    }
  }

  /** All lanes in one append. */
  private async appendLanes(appends: readonly NewEvent[]): Promise<void> {
    if (appends.length === 0) return;
    const lanes = laneAppends(appends);
    const appended = await this.log.append(lanes.map(({ append }) => append));
    lanes.forEach(({ events }, at) => {
      events.forEach((event, row) => {
        const position = positionOf(appended[at], row, events.length);
        event.place = { topic: event.topicName, lane: appended[at].lane, position };
      });
    });
  }
}

/** What tells an event of a topic from all others that were published lately. */
const recentKey = (topicName: string, topic: IngestTopic, { eventId }: EventRecord): string =>
  `${topicName}\n${topic.catalogVersion ?? 0}\n${eventId}`;

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
