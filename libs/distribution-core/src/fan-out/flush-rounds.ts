import type { EventBatch } from '../event-batch.js';
import type { Clock } from '../ports/clock.port.js';
import type { Counter, Histogram, Metrics } from '../ports/metrics.port.js';
import type { EgressShare } from './egress-share.js';
import { DirtyFeeds, LEAST_URGENT } from './dirty-feeds.js';
import { type Feed, flushTime } from './feed.js';
import { FlushNotes, type FlushObserver } from './flush-observer.js';
import { FlushPacer } from './flush-pacer.js';
import { HeldFeeds } from './held-feeds.js';
import { type FlushTracing, PendingTraces } from './pending-traces.js';

/** Who wants to know of flushes; looked at anew at each of them. */
export interface FlushListeners {
  readonly onDelivered: (latencyMs: number, deliveries: number) => void;
  readonly observer: FlushObserver | undefined;
  readonly tracing: FlushTracing | undefined;
}

export interface FlushRoundsDependencies {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly listeners: FlushListeners;
  readonly feedAt: (slot: number) => Feed;
  /** Of flushes that a feed keeps for members that fall a little behind. */
  readonly keptBytesPerFeed: () => number;
}

/** Flushing goes on for this long before the loop may do something else. */
const SLICE_MS = 2;
const LATENCY_BUCKETS_MS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 5000];
/** After so long without a round nobody waits for one. */
const LAG_KNOWN_MS = 250;
/** Feeds with events of such topics wait neither for the rounds of the others nor for the pauses after them. */
const URGENT = 2;

/**
 * Feeds that have something to write, and the rounds in which they do: the urgent ones first, a slice at a time. The most
 * urgent have rounds of their own, which come between the slices of the others: a pause that gathers metrics, or a round
 * that writes them to everybody, never holds up an alert.
 */
export class FlushRounds {
  private readonly dirty = new DirtyFeeds();
  /** Feeds of the present round that are still to come, the next one last. */
  private round: Feed[] = [];
  private readonly pacer: FlushPacer;
  /** When the first of `dirty`, and of `round`, had something to write; and what that came to in the last round. */
  private dirtySinceMs = 0;
  private roundSinceMs = 0;
  private lastLagMs = 0;
  private roundEndedMs = Number.NEGATIVE_INFINITY;
  private readonly urgent = new DirtyFeeds();
  private urgentRound: Feed[] = [];
  private readonly urgentPacer: FlushPacer;
  private readonly notes = new FlushNotes();
  private readonly traces = new PendingTraces();
  private readonly held: HeldFeeds;
  private readonly delivered: Counter;
  private readonly latency: Histogram;

  constructor(private readonly deps: FlushRoundsDependencies) {
    const { clock, metrics } = deps;
    this.held = new HeldFeeds(clock, metrics, (feeds) => {
      for (const feed of feeds) this.addDirty(feed.slot, priorityOf(feed));
      this.request();
    });
    this.pacer = new FlushPacer(
      clock,
      () => this.flushSlice(),
      () => this.dirty.size > 0,
    );
    this.urgentPacer = new FlushPacer(
      clock,
      () => this.flushUrgentSlice(),
      () => this.urgent.size > 0,
    );
    this.delivered = metrics.counter('fan_out_deliveries_total', 'Events written to subscriptions by live feeds');
    this.latency = metrics.histogram(
      'fan_out_latency_ms',
      'From taken by the broker to written to the last socket, per flush',
      LATENCY_BUCKETS_MS,
    );
  }

  /** `priority`: of the topic that the feed of this slot has events of, 1 is the most urgent. */
  add(slot: number, priority: number): void {
    if (priority <= URGENT) this.urgent.add(slot, priority);
    else this.addDirty(slot, priority);
  }

  /** How long what is being written, or was written last, had waited here; urgent feeds apart. 0 after a while without anything. */
  lagMs(): number {
    const nowMs = this.deps.clock.monotonicMs();
    if (this.round.length > 0) return Math.max(nowMs - this.roundSinceMs, this.lastLagMs);
    return nowMs - this.roundEndedMs > LAG_KNOWN_MS ? 0 : this.lastLagMs;
  }

  noteTraces(
    feed: Feed,
    traces: NonNullable<ReturnType<EventBatch['column']>>,
    skip: Uint8Array | undefined,
    indexes: Uint32Array | undefined,
    count: number,
  ): void {
    this.traces.note(feed, traces, skip, indexes, count);
  }

  /** To be called when all feeds of a batch have been added. */
  request(): void {
    if (this.urgent.size > 0) this.urgentPacer.request();
    if (this.dirty.size > 0) this.pacer.request();
  }

  forget(feed: Feed): void {
    this.dirty.delete(feed.slot);
    this.urgent.delete(feed.slot);
    this.traces.take(feed);
    this.held.forget(feed);
  }

  /** Tenants share what may be written; undefined: there is no limit. */
  limitEgress(egress: EgressShare | undefined): void {
    this.held.limit(egress);
  }

  stop(): void {
    this.pacer.stop();
    this.urgentPacer.stop();
    this.held.stop();
  }

  private addDirty(slot: number, priority: number): void {
    if (this.dirty.size === 0) this.dirtySinceMs = this.deps.clock.monotonicMs();
    this.dirty.add(slot, priority);
  }

  private flushSlice(): boolean {
    if (this.round.length === 0) {
      this.round = this.dirty.take().map(this.deps.feedAt);
      this.roundSinceMs = this.dirtySinceMs;
    }
    const isUnfinished = this.flushSome(this.round);
    if (!isUnfinished) {
      this.roundEndedMs = this.deps.clock.monotonicMs();
      this.lastLagMs = this.roundEndedMs - this.roundSinceMs;
    }
    return isUnfinished;
  }

  private flushUrgentSlice(): boolean {
    if (this.urgentRound.length === 0) this.urgentRound = this.urgent.take().map(this.deps.feedAt);
    return this.flushSome(this.urgentRound);
  }

  /** Some feeds of the round. True if there are more. */
  private flushSome(round: Feed[]): boolean {
    const { clock } = this.deps;
    const endMs = clock.monotonicMs() + SLICE_MS;
    for (let feed = round.pop(); feed !== undefined; feed = round.pop()) {
      // All that it has is written, whichever round it is in.
      this.dirty.delete(feed.slot);
      this.urgent.delete(feed.slot);
      if (this.held.isHeldBack(feed)) continue;
      this.flush(feed);
      if (clock.monotonicMs() >= endMs) break;
    }
    return round.length > 0;
  }

  private flush(feed: Feed): void {
    const { clock, listeners } = this.deps;
    const { observer } = listeners;
    const time = flushTime(clock);
    const startedMicros = time.nowMicros;
    let oldestMicros = startedMicros;
    for (const lane of feed.pendingLanes()) {
      const { appendedMicros } = lane.runs[0].batch;
      if (appendedMicros < oldestMicros) oldestMicros = appendedMicros;
      if (observer !== undefined) this.notes.note(lane.state, lane.eventCount, appendedMicros, lane.runs);
    }
    const traceparents = this.traces.take(feed);
    const deliveries = feed.flush(time);
    if (deliveries > 0) this.held.flushed(feed);
    feed.kept.limit(this.deps.keptBytesPerFeed());
    if (deliveries > 0) {
      const endedMicros = clock.nowMicros();
      const latencyMs = (endedMicros - oldestMicros) / 1000;
      const members = feed.live.length;
      this.delivered.add(deliveries);
      this.latency.observe(latencyMs);
      listeners.onDelivered(latencyMs, deliveries);
      if (observer !== undefined) this.notes.tell(observer, feed.id, endedMicros, members);
      if (traceparents !== undefined) {
        listeners.tracing?.flushed({ feed: feed.id, members, deliveries, traceparents, startedMicros, endedMicros });
      }
    }
    this.notes.clear();
  }
}

function priorityOf(feed: Feed): number {
  let priority = LEAST_URGENT;
  for (const { state } of feed.pendingLanes()) priority = Math.min(priority, state.topic.priority);
  return priority;
}
