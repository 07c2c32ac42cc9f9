import {
  type Counter,
  type FlushObserver,
  type LossReason,
  LATENCY_BUCKETS,
  latencyBucket,
  latencyPercentile,
  type LaneState,
  type Metrics,
} from '@distributary/distribution-core';

/** What was distributed of one lane in one interval. */
export interface LaneInterval {
  readonly topic: string;
  readonly partition: number;
  /** Events, each as often as it was written to a subscription. */
  readonly deliveries: number;
  /** Deliveries that failed: gaps that nobody asked for. */
  readonly failures: number;
  /** Deliveries times the mean size of the lane's events as they lie in memory. */
  readonly bytes: number;
  /** From taken by the broker to written: of the oldest event of each flush, milliseconds. Undefined: nothing was written. */
  readonly latencyMeanMs: number | undefined;
  readonly latencyP50Ms: number | undefined;
  readonly latencyP99Ms: number | undefined;
  /** Subscriptions that were written to, by the number of their feed. */
  readonly subscribers: ReadonlyMap<number, number>;
}

interface Tally {
  deliveries: number;
  failures: number;
  /** Sum over flushes. */
  latencyMs: number;
  timed: number;
  readonly latencies: Float64Array;
  readonly members: Map<number, number>;
}

interface Size {
  events: number;
  bytes: number;
}

/** Lanes with figures; those that come later in an interval are counted. */
const MAX_LANES = 1_000;

/** Gathers the figures of an interval per lane: told once per batch, flush and gap, and nothing is kept of an event. */
export class IntervalFigures implements FlushObserver {
  private readonly tallies = new Map<LaneState, Tally>();
  /** Of the last batches: what is delivered in this interval may have come in one before. */
  private readonly sizes = new WeakMap<LaneState, Size>();
  private readonly omitted: Counter;

  constructor(
    metrics: Metrics,
    private readonly maxLanes = MAX_LANES,
  ) {
    this.omitted = metrics.counter('statistics_omitted_total', 'Flushes and gaps of lanes too many to have statistics');
  }

  arrived(state: LaneState, events: number, bytes: number): void {
    const size = this.sizes.get(state);
    if (size === undefined) this.sizes.set(state, { events, bytes });
    else {
      // Halved, so that it follows what comes now.
      size.events = size.events / 2 + events;
      size.bytes = size.bytes / 2 + bytes;
    }
  }

  delivered(feedId: number, state: LaneState, latencyMs: number, events: number, members: number): void {
    const tally = this.tallyOf(state);
    if (tally === undefined) return;
    const deliveries = events * members;
    tally.deliveries += deliveries;
    tally.latencyMs += latencyMs * deliveries;
    tally.timed += deliveries;
    tally.latencies[latencyBucket(latencyMs)] += deliveries;
    tally.members.set(feedId, members);
  }

  replayed(feedId: number, state: LaneState, events: number): void {
    const tally = this.tallyOf(state);
    if (tally === undefined) return;
    tally.deliveries += events;
    if (!tally.members.has(feedId)) tally.members.set(feedId, 1);
  }

  lost(state: LaneState, reason: LossReason, events: number): void {
    // Nobody failed to deliver what the subscriber wished away, or what there is no more.
    if (reason === 'policy' || reason === 'deleted') return;
    const tally = this.tallyOf(state);
    if (tally !== undefined) tally.failures += events;
  }

  /** Since the last call, in the order in which the lanes had something to tell. */
  take(): readonly LaneInterval[] {
    const taken = [...this.tallies].map(([state, tally]) => this.intervalOf(state, tally));
    this.tallies.clear();
    return taken;
  }

  private intervalOf(state: LaneState, tally: Tally): LaneInterval {
    const { deliveries, failures, latencyMs, timed, latencies, members } = tally;
    const size = this.sizes.get(state);
    return {
      topic: state.topic.name,
      partition: state.lane.partition,
      deliveries,
      failures,
      bytes: size === undefined || size.events === 0 ? 0 : Math.round((deliveries * size.bytes) / size.events),
      latencyMeanMs: timed === 0 ? undefined : latencyMs / timed,
      latencyP50Ms: latencyPercentile(latencies, 0.5),
      latencyP99Ms: latencyPercentile(latencies, 0.99),
      subscribers: members,
    };
  }

  private tallyOf(state: LaneState): Tally | undefined {
    const known = this.tallies.get(state);
    if (known !== undefined) return known;
    if (this.tallies.size >= this.maxLanes) {
      this.omitted.add();
      return undefined;
    }
    const latencies = new Float64Array(LATENCY_BUCKETS);
    const tally: Tally = { deliveries: 0, failures: 0, latencyMs: 0, timed: 0, latencies, members: new Map() };
    this.tallies.set(state, tally);
    return tally;
  }
}
