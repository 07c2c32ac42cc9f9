import type { Lane } from '../../lane.js';
import type { Clock } from '../../ports/clock.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import { LATENCY_BUCKETS, latencyBucket } from './latency-sketch.js';
import {
  emptyTally,
  figuresOf,
  RollingSeries,
  type Tally,
  type WindowFigures,
  type WindowName,
} from './rolling-series.js';

/** What a lane must say of itself; the fan-out's `LaneState` does. */
export interface MeasuredLane {
  readonly lane: Lane;
  readonly topic: Pick<TopicDefinition, 'name' | 'tenant'>;
}

/** `policy`: the subscriber asked for it. `deleted`: there is nothing that could be delivered. */
export type LossReason = 'slow' | 'expired' | 'policy' | 'deleted';

export interface PerformanceLimits {
  /** Lanes with figures of their own; those that do not fit in share one. */
  readonly maxLanes: number;
  readonly maxFeeds: number;
}

export const DEFAULT_PERFORMANCE_LIMITS: PerformanceLimits = { maxLanes: 500, maxFeeds: 200 };

/** Where figures go that did not fit in. No topic can be called so: it is no path of a tenant. */
export const OTHER = 'other';
const FORGET_AFTER_MS = 3_600_000;
/** While there is no room, who was silent is looked for this often, and not by every flush. */
const SEEK_SILENT_EVERY_MS = 10_000;

interface LaneSeries {
  readonly topic: string;
  readonly tenant: string;
  /** -1 for the lanes that did not fit in. */
  readonly partition: number;
  readonly series: RollingSeries;
  isForgotten: boolean;
}

export interface LaneFigures extends WindowFigures {
  readonly topic: string;
  readonly tenant: string;
  readonly partition: number;
}
export interface NamedFigures extends WindowFigures {
  readonly name: string;
  readonly tenant: string;
}

/** Counted since the last call of `takeTopics`, with the time in which it was. */
export interface TopicTally extends Tally {
  readonly topic: string;
  readonly tenant: string;
}

/**
 * Throughput, latency and losses of every lane, and from them of topics, tenants and the whole process. Told once per
 * batch and once per lane and flush, never per event and subscriber; summed only when somebody asks.
 */
export class PerformanceStatistics {
  private readonly limits: PerformanceLimits;
  private readonly lanes = new Map<string, LaneSeries>();
  private readonly known = new WeakMap<MeasuredLane, LaneSeries>();
  private readonly feeds = new Map<number, RollingSeries>();
  private readonly untaken = new Map<string, TopicTally>();
  private readonly startedMs: number;
  private other: LaneSeries | undefined;
  private silentLanesSoughtMs = Number.NEGATIVE_INFINITY;
  private silentFeedsSoughtMs = Number.NEGATIVE_INFINITY;
  /** Told of losses that the subscriber did not ask for. */
  onFailed: (deliveries: number) => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    limits: Partial<PerformanceLimits> = {},
  ) {
    this.limits = { ...DEFAULT_PERFORMANCE_LIMITS, ...limits };
    this.startedMs = clock.monotonicMs();
  }

  /** A batch of the lane was read. */
  arrived(lane: MeasuredLane, events: number, bytes: number): void {
    this.seriesOf(lane).arrived(this.clock.monotonicMs(), events, bytes);
    const taken = this.untakenOf(lane);
    taken.events += events;
    taken.bytes += bytes;
  }

  /** One lane of one flush was written: `events` to each of `members`, the oldest `latencyMs` after the broker had it. */
  delivered(feedId: number, lane: MeasuredLane, latencyMs: number, events: number, members: number): void {
    const nowMs = this.clock.monotonicMs();
    const deliveries = events * members;
    this.seriesOf(lane).delivered(nowMs, latencyMs, deliveries);
    this.feedSeries(feedId, nowMs)?.delivered(nowMs, latencyMs, deliveries);
    const taken = this.untakenOf(lane);
    taken.deliveries += deliveries;
    taken.latencies ??= new Float64Array(LATENCY_BUCKETS);
    taken.latencies[latencyBucket(latencyMs)] += deliveries;
  }

  /** A subscriber that is behind was sent events; their age says nothing about this process. */
  replayed(feedId: number, lane: MeasuredLane, events: number): void {
    const nowMs = this.clock.monotonicMs();
    this.seriesOf(lane).replayed(nowMs, events);
    this.feedSeries(feedId, nowMs)?.replayed(nowMs, events);
    this.untakenOf(lane).deliveries += events;
  }

  /** A subscriber was told of a gap of about so many events. */
  lost(lane: MeasuredLane, reason: LossReason, deliveries: number): void {
    if (reason === 'deleted') return;
    const isWished = reason === 'policy';
    this.seriesOf(lane).lost(this.clock.monotonicMs(), deliveries, isWished);
    const taken = this.untakenOf(lane);
    if (isWished) taken.dropped += deliveries;
    else {
      taken.failed += deliveries;
      this.onFailed(deliveries);
    }
  }

  /** Of the whole process. */
  process(window: WindowName): WindowFigures {
    return this.sum(this.all(), window);
  }

  topic(name: string, window: WindowName): WindowFigures {
    return this.sum(
      this.all().filter((lane) => lane.topic === name),
      window,
    );
  }

  tenant(name: string, window: WindowName): WindowFigures {
    return this.sum(
      this.all().filter((lane) => lane.tenant === name),
      window,
    );
  }

  lanesOf(window: WindowName): LaneFigures[] {
    return this.all().map(({ topic, tenant, partition, series }) => ({
      topic,
      tenant,
      partition,
      ...this.sum([{ series }], window),
    }));
  }

  topics(window: WindowName): NamedFigures[] {
    return this.grouped((lane) => lane.topic, window);
  }

  tenants(window: WindowName): NamedFigures[] {
    return this.grouped((lane) => lane.tenant, window);
  }

  /** Of one feed; zero if it delivered nothing lately, or did not fit in. */
  feed(id: number, window: WindowName): WindowFigures {
    const series = this.feeds.get(id);
    return this.sum(series === undefined ? [] : [{ series }], window);
  }

  /** What was counted of each topic since the call before: for whoever keeps it for longer. */
  takeTopics(): TopicTally[] {
    const taken = [...this.untaken.values()];
    this.untaken.clear();
    return taken;
  }

  private grouped(keyOf: (lane: LaneSeries) => string, window: WindowName): NamedFigures[] {
    const groups = new Map<string, LaneSeries[]>();
    for (const lane of this.all()) groups.set(keyOf(lane), [...(groups.get(keyOf(lane)) ?? []), lane]);
    return [...groups].map(([name, lanes]) => ({ name, tenant: lanes[0].tenant, ...this.sum(lanes, window) }));
  }

  private sum(lanes: readonly Pick<LaneSeries, 'series'>[], window: WindowName): WindowFigures {
    const nowMs = this.clock.monotonicMs();
    const total = emptyTally();
    for (const { series } of lanes) series.sumInto(total, window, nowMs);
    return figuresOf(total, window, nowMs, nowMs - this.startedMs);
  }

  private all(): LaneSeries[] {
    return this.other === undefined ? [...this.lanes.values()] : [...this.lanes.values(), this.other];
  }

  private seriesOf(lane: MeasuredLane): RollingSeries {
    const known = this.known.get(lane);
    if (known !== undefined && !known.isForgotten) return known.series;
    const { topic, partition } = lane.lane;
    const key = `${topic}#${partition}`;
    const found = this.lanes.get(key) ?? this.newSeries(key, topic, lane.topic.tenant, partition);
    this.known.set(lane, found);
    return found.series;
  }

  private newSeries(key: string, topic: string, tenant: string, partition: number): LaneSeries {
    const nowMs = this.clock.monotonicMs();
    if (this.lanes.size >= this.limits.maxLanes) this.forgetSilentLanes(nowMs);
    if (this.lanes.size >= this.limits.maxLanes) {
      this.other ??= newLane(OTHER, OTHER, -1, nowMs);
      return this.other;
    }
    const created = newLane(topic, tenant, partition, nowMs);
    this.lanes.set(key, created);
    return created;
  }

  private forgetSilentLanes(nowMs: number): void {
    if (nowMs - this.silentLanesSoughtMs < SEEK_SILENT_EVERY_MS) return;
    this.silentLanesSoughtMs = nowMs;
    for (const [key, lane] of this.lanes) {
      if (nowMs - lane.series.touchedMs <= FORGET_AFTER_MS) continue;
      lane.isForgotten = true;
      this.lanes.delete(key);
    }
  }

  private feedSeries(id: number, nowMs: number): RollingSeries | undefined {
    const known = this.feeds.get(id);
    if (known !== undefined) return known;
    if (this.feeds.size >= this.limits.maxFeeds) this.forgetSilentFeeds(nowMs);
    if (this.feeds.size >= this.limits.maxFeeds) return undefined;
    const series = new RollingSeries(nowMs);
    this.feeds.set(id, series);
    return series;
  }

  private forgetSilentFeeds(nowMs: number): void {
    if (nowMs - this.silentFeedsSoughtMs < SEEK_SILENT_EVERY_MS) return;
    this.silentFeedsSoughtMs = nowMs;
    for (const [feed, series] of this.feeds) {
      if (nowMs - series.touchedMs > FORGET_AFTER_MS) this.feeds.delete(feed);
    }
  }

  private untakenOf({ lane, topic }: MeasuredLane): TopicTally {
    const known = this.untaken.get(lane.topic);
    if (known !== undefined) return known;
    const isFull = this.untaken.size >= this.limits.maxLanes;
    const name = isFull ? OTHER : lane.topic;
    const tally = this.untaken.get(name) ?? { topic: name, tenant: isFull ? OTHER : topic.tenant, ...emptyTally() };
    this.untaken.set(name, tally);
    return tally;
  }
}

function newLane(topic: string, tenant: string, partition: number, nowMs: number): LaneSeries {
  return { topic, tenant, partition, series: new RollingSeries(nowMs), isForgotten: false };
}
