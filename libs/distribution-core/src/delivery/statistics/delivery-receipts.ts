import type { FlushObserver } from '../../fan-out/flush-observer.js';
import type { LaneState } from '../../fan-out/lane-state.js';
import type { Counter, Metrics } from '../../ports/metrics.port.js';
import type { Position } from '../../position.js';
import { LATENCY_BUCKETS, latencyBucket, latencyPercentile } from './latency-sketch.js';

/** What was distributed of one lane between two calls of {@link DeliveryReceipts.take}. */
export interface DeliveryReceipt {
  readonly topic: string;
  readonly tenant: string;
  readonly partition: number;
  readonly epoch: string;
  /** Everything up to here was matched, and written to whoever keeps up. */
  readonly upTo: Position;
  /** Events, each as often as it was written to a subscription that keeps up. */
  readonly deliveries: number;
  /** Subscriptions that were written to. */
  readonly subscribersNotified: number;
  /** From taken by the broker to written to the last socket: of the oldest event of each flush, milliseconds. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly latencyMaxMs: number;
}

interface Tally {
  readonly state: LaneState;
  readonly membersOf: Map<number, number>;
  readonly latencies: Uint32Array;
  latencyMaxMs: number;
  deliveries: number;
}

/** Flushes of lanes that are not among the first so many to deliver are counted, and have no receipt. */
const MAX_LANES = 1_000;

/** Counts what only the fan-out knows, per lane; nothing is kept of an event. */
export class DeliveryReceipts implements FlushObserver {
  private readonly tallies = new Map<LaneState, Tally>();
  private readonly omitted: Counter;

  /** `isWanted`: of which topics, by the catalog's name, receipts are made: not of those that receipts go to. */
  constructor(
    private readonly isWanted: (topic: string) => boolean,
    metrics: Metrics,
  ) {
    this.omitted = metrics.counter('receipts_omitted_total', 'Flushes of lanes that were too many to have receipts');
  }

  arrived(): void {}

  delivered(feedId: number, state: LaneState, latencyMs: number, events: number, members: number): void {
    const tally = this.tallies.get(state) ?? this.begin(state);
    if (tally === undefined) return;
    tally.membersOf.set(feedId, members);
    tally.deliveries += events * members;
    tally.latencies[latencyBucket(latencyMs)]++;
    if (latencyMs > tally.latencyMaxMs) tally.latencyMaxMs = latencyMs;
  }

  replayed(): void {}

  lost(): void {}

  /** Since the last call, in the order in which the lanes delivered first. */
  take(): readonly DeliveryReceipt[] {
    const receipts = [...this.tallies.values()].map(receiptOf);
    this.tallies.clear();
    return receipts;
  }

  private begin(state: LaneState): Tally | undefined {
    if (!this.isWanted(state.topic.name)) return undefined;
    if (this.tallies.size === MAX_LANES) {
      this.omitted.add();
      return undefined;
    }
    const latencies = new Uint32Array(LATENCY_BUCKETS);
    const tally: Tally = { state, membersOf: new Map(), latencies, latencyMaxMs: 0, deliveries: 0 };
    this.tallies.set(state, tally);
    return tally;
  }
}

function receiptOf({ state, membersOf, latencies, latencyMaxMs, deliveries }: Tally): DeliveryReceipt {
  const { topic, lane, segments } = state;
  let subscribersNotified = 0;
  for (const members of membersOf.values()) subscribersNotified += members;
  return {
    topic: topic.name,
    tenant: topic.tenant,
    partition: lane.partition,
    epoch: lane.epoch,
    upTo: segments.end,
    deliveries,
    subscribersNotified,
    latencyP50Ms: latencyPercentile(latencies, 0.5) ?? 0,
    latencyP99Ms: latencyPercentile(latencies, 0.99) ?? 0,
    latencyMaxMs,
  };
}

/** Tells several observers, in their order. */
export function observers(all: readonly FlushObserver[]): FlushObserver {
  return {
    arrived(state, events, bytes) {
      for (const each of all) each.arrived(state, events, bytes);
    },
    // Of each flush: spread arguments would be an array for each observer.
    delivered(feedId, state, latencyMs, events, members, runs) {
      for (const each of all) each.delivered(feedId, state, latencyMs, events, members, runs);
    },
    replayed(feedId, state, events) {
      for (const each of all) each.replayed(feedId, state, events);
    },
    lost(state, reason, events, upTo) {
      for (const each of all) each.lost(state, reason, events, upTo);
    },
  };
}
