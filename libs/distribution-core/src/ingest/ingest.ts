import { DistributionError } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import type { Clock } from '../ports/clock.port.js';
import type { Appended, LaneAppend, Log } from '../ports/log.port.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';
import { offsetOfPosition, positionOfOffset } from '../position.js';
import { partitionOf } from '../routing/partition.js';
import type { EventRouter } from '../routing/rules/event-router.js';
import { BusyRefusals } from './busy-refusals.js';
import { DEDUPE_WINDOW_MS } from './dedupe-window.js';
import {
  checkEvents,
  EVENT_OVERHEAD_BYTES,
  type EventLimits,
  type IngestTopic,
  type PublishedEvent,
  type TopicLookup,
  type TopicProblem,
} from './published-event.js';
import {
  type EventPlace,
  type IdScope,
  idScope,
  type PendingCall,
  type PlacedEvent,
  type RecentEvent,
  RecentIds,
} from './recent-ids.js';

export type { IngestTopic, PublishedEvent, TopicLookup, TopicProblem } from './published-event.js';

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
  /** Absent: each event may be in each topic. */
  readonly topicProblem?: TopicProblem;
}

/** Something to be appended: an event, or what a rule made of one. */
interface NewEvent extends PlacedEvent {
  readonly topicName: string;
  readonly record: EventRecord;
  readonly topic: IngestTopic;
}

/** An event of the call that was not published before. */
interface FreshEvent extends NewEvent {
  readonly index: number;
}

/** An event that no lane gets under its own topic: it is to be found where the first of its copies is. */
interface MovedEvent {
  readonly event: NewEvent;
  readonly to: PlacedEvent | RecentEvent;
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
  private readonly topicProblem: TopicProblem | undefined;
  private readonly eventsTotal: Counter;
  private readonly duplicatesTotal: Counter;
  private readonly busy: BusyRefusals;
  private readonly pendingGauge: Gauge;
  private pendingBytes = 0;
  private lastScope:
    { readonly topicName: string; readonly version: number | undefined; readonly scope: IdScope } | undefined;

  constructor({ log, topics, clock, metrics, limits, router, topicProblem }: IngestDependencies) {
    this.log = log;
    this.topics = topics;
    this.clock = clock;
    this.limits = { ...DEFAULT_INGEST_LIMITS, ...limits };
    this.recent = new RecentIds(this.limits.dedupeWindowMs, this.limits.maxRecentIds);
    this.router = router;
    this.topicProblem = topicProblem;
    this.eventsTotal = metrics.counter('ingest_events_total', 'Events appended to the log');
    this.duplicatesTotal = metrics.counter(
      'ingest_duplicates_total',
      'Events dropped because they were published before',
    );
    this.busy = new BusyRefusals(metrics);
    this.pendingGauge = metrics.gauge('ingest_pending_bytes', 'Bytes that the log has not answered yet');
  }

  /**
   * Outcomes in the order of the events. The position of an event is its own where the log counts without holes, else
   * that of the last event that the call appended to the lane.
   */
  async publish(events: readonly PublishedEvent[]): Promise<readonly PublishOutcome[]> {
    const topics = checkEvents(events, this.topics, this.limits, this.topicProblem);
    const nowMs = this.clock.monotonicMs();
    this.recent.expire(nowMs);
    const call = this.recent.begin(nowMs);
    const { fresh, copies, awaited, bytes } = this.begin(call, events, topics);
    const places = new Array<EventPlace | undefined>(events.length);
    const originals = copies.map(async ({ index, original }) => {
      places[index] = await original.place();
    });
    await Promise.all([this.finish(call, bytes), ...originals, ...awaited.map((event) => event.place())]);
    for (const { index, place } of fresh) places[index] = place;
    this.eventsTotal.add(fresh.length);
    this.duplicatesTotal.add(copies.length);
    const copied = copies.length === 0 ? undefined : new Set(copies.map(({ index }) => index));
    return events.map(({ record }, index) => {
      const { topic, lane, position } = places[index] as EventPlace;
      return { eventId: record.eventId, duplicate: copied?.has(index) ?? false, topic, lane, position };
    });
  }

  /** Up to the append, which has its place in the order of calls from here on. Whatever is refused was never published. */
  private begin(call: PendingCall, events: readonly PublishedEvent[], topics: readonly IngestTopic[]) {
    try {
      const { fresh, copies } = this.sortOut(call, events, topics);
      const { appends, moved, awaited } = this.place(call, fresh);
      let bytes = 0;
      for (const { record } of appends) bytes += record.value.length + EVENT_OVERHEAD_BYTES;
      this.admit(bytes);
      call.done = this.append(appends, moved);
      // Whoever waits for it hears of the failure; nobody may.
      call.done.catch(() => undefined);
      return { fresh, copies, awaited, bytes };
    } catch (error) {
      this.recent.drop(call);
      throw error;
    }
  }

  private sortOut(call: PendingCall, events: readonly PublishedEvent[], topics: readonly IngestTopic[]) {
    const fresh: FreshEvent[] = [];
    const copies: { readonly index: number; readonly original: RecentEvent }[] = [];
    const conflicts: number[] = [];
    for (let index = 0; index < events.length; index++) {
      const { topic: topicName, record } = events[index];
      const topic = topics[index];
      const event: FreshEvent = { index, topicName, record, topic, place: undefined, offset: undefined };
      const original = this.recent.findOrAdd(call, this.scopeOf(topicName, topic), event);
      if (original === undefined) fresh.push(event);
      else if (original.hasRoutingKey(record.routingKey)) copies.push({ index, original });
      else conflicts.push(index);
    }
    if (conflicts.length > 0) {
      throw new DistributionError('event.key_conflict', 'an event id was published with another routing key', {
        problems: conflicts.map((index) => ({
          path: `events[${index}].routing.routing_key`,
          rule: 'must be the one that this event_id was published with',
        })),
      });
    }
    return { fresh, copies };
  }

  /** What the rules make of the events. Without rules that concern them: the events themselves. */
  private place(
    call: PendingCall,
    fresh: readonly FreshEvent[],
  ): {
    readonly appends: readonly NewEvent[];
    readonly moved: readonly MovedEvent[];
    /** Copies that are on their way already: this call shares their fate. */
    readonly awaited: readonly RecentEvent[];
  } {
    const { router } = this;
    if (router === undefined || !fresh.some(({ topicName }) => router.concerns(topicName))) {
      return { appends: fresh, moved: [], awaited: [] };
    }
    const routed = router.route(fresh.map(({ topicName, record }) => ({ topic: topicName, record })));
    const appends: NewEvent[] = [];
    const moved: MovedEvent[] = [];
    const awaited: RecentEvent[] = [];
    fresh.forEach((event, at) => {
      const { keepsOriginal, copies } = routed[at] ?? { keepsOriginal: true, copies: [] };
      let first: PlacedEvent | RecentEvent | undefined;
      if (keepsOriginal) appends.push(event);
      for (const { topic: name, target, record } of copies) {
        const copy: NewEvent = { topicName: name, record, topic: target };
        const known = this.recent.findOrAdd(call, this.scopeOf(name, target), copy);
        if (known === undefined) appends.push(copy);
        else if (known.pending?.call !== call) awaited.push(known);
        first ??= known === undefined ? copy : known.pending?.call === call ? known.pending.event : known;
      }
      if (!keepsOriginal && first !== undefined) moved.push({ event, to: first });
    });
    return { appends, moved, awaited };
  }

  private admit(bytes: number): void {
    const { maxPendingBytes, retryAfterMs } = this.limits;
    if (bytes > maxPendingBytes) {
      throw new DistributionError('payload.too_large', `a call must be at most ${maxPendingBytes} bytes`);
    }
    if (this.pendingBytes + bytes > maxPendingBytes) {
      throw this.busy.refuse('too many bytes wait for the broker', retryAfterMs);
    }
  }

  private async finish(call: PendingCall, bytes: number): Promise<void> {
    this.countPending(bytes);
    try {
      await call.done;
      this.recent.settle(call);
    } catch (error) {
      this.recent.drop(call);
      throw error;
    } finally {
      this.countPending(-bytes);
    }
  }

  private countPending(bytes: number): void {
    this.pendingBytes += bytes;
    this.pendingGauge.set(this.pendingBytes);
  }

  /** All lanes in one append; then every event of the call has its place. */
  private async append(appends: readonly NewEvent[], moved: readonly MovedEvent[]): Promise<void> {
    if (appends.length > 0) {
      const lanes = laneAppends(appends);
      const appended = await this.log.append(lanes.map(({ append }) => append));
      lanes.forEach(({ events }, at) => placeAll(events, appended[at]));
    }
    // What one became may itself have become another.
    const goals = new Map(moved.map(({ event, to }) => [event as PlacedEvent, to]));
    for (const { event, to } of moved) {
      let goal = to;
      while ('record' in goal && goals.has(goal)) goal = goals.get(goal) as typeof to;
      event.place = 'record' in goal ? goal.place : await goal.place();
    }
  }

  private scopeOf(topicName: string, topic: IngestTopic): IdScope {
    const { lastScope } = this;
    if (lastScope?.topicName === topicName && lastScope.version === topic.catalogVersion) return lastScope.scope;
    const scope = idScope(`${topicName}\n${topic.catalogVersion ?? 0}\n`);
    this.lastScope = { topicName, version: topic.catalogVersion, scope };
    return scope;
  }
}

interface LaneEvents {
  readonly append: LaneAppend & { readonly records: EventRecord[] };
  readonly events: NewEvent[];
}

function laneAppends(events: readonly NewEvent[]): readonly LaneEvents[] {
  const all: LaneEvents[] = [];
  const byTopic = new Map<string, Map<number, LaneEvents>>();
  for (const event of events) {
    const { brokerName, partitions } = event.topic;
    const partition = partitionOf(event.record.routingKey, partitions);
    let lanes = byTopic.get(brokerName);
    if (lanes === undefined) byTopic.set(brokerName, (lanes = new Map<number, LaneEvents>()));
    let lane = lanes.get(partition);
    if (lane === undefined) {
      lane = { append: { topic: brokerName, partition, records: [] }, events: [] };
      lanes.set(partition, lane);
      all.push(lane);
    }
    lane.append.records.push(event.record);
    lane.events.push(event);
  }
  return all;
}

/** Each its own place where the log counts without holes, else that of the last one. */
function placeAll(events: readonly NewEvent[], { lane, first, last }: Appended): void {
  const offset = offsetOfPosition(first);
  const isDense = offset !== undefined && offset >= 0 && positionOfOffset(offset + events.length - 1) === last;
  for (let row = 0; row < events.length; row++) {
    const event = events[row];
    const position = isDense ? positionOfOffset(offset + row) : last;
    event.place = { topic: event.topicName, lane, position };
    if (isDense) event.offset = offset + row;
  }
}
