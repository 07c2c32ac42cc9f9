import type { MarketDataDistributed, MarketDataEventInput } from '@distributary/contracts';
import {
  type Clock,
  type Counter,
  DistributionError,
  type EventBatch,
  type Gauge,
  type Metrics,
} from '@distributary/distribution-core';
import { storedEventOf } from '../events/stored-event.js';
import { type FreshnessLimits, FRESHNESS_LIMITS, SourceFreshness } from './source-freshness.js';
import { SEQUENCE_LIMITS, SequenceGaps, type SequenceLimits, type SequenceStream } from './sequence-gaps.js';
import { freshnessEvent, gapEvent, OWN_SERVICE, resetEvent } from './status-events.js';

export interface MarketMannersDependencies {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Idempotent by `event_id`. */
  readonly publish: (events: readonly MarketDataEventInput[]) => Promise<unknown>;
  readonly sequences?: SequenceLimits;
  readonly freshness?: FreshnessLimits;
}

/** Not yet published. Beyond it, what is new is left out: a feed that has broken apart is known by then. */
const MAX_WAITING = 1_000;
/** Published at once. */
const MAX_AT_ONCE = 100;

/**
 * Watches how sources behave, and says what subscribers should know as STATUS events: numbers that never came, counts that
 * began anew, sources that went silent and came back. Fed from the log, where all processes' events are, by one process of
 * an installation at a time; of late events see {@link TickOrder}, which marks them on their way in.
 */
export class MarketManners {
  private readonly gaps: SequenceGaps;
  private readonly sources: SourceFreshness;
  private waiting: MarketDataEventInput[] = [];
  private readonly counted: {
    readonly gaps: Counter;
    readonly missing: Counter;
    readonly resets: Counter;
    readonly leftOut: Counter;
    readonly stale: Gauge;
  };

  constructor(private readonly deps: MarketMannersDependencies) {
    const { metrics, sequences = SEQUENCE_LIMITS, freshness = FRESHNESS_LIMITS } = deps;
    this.counted = {
      gaps: metrics.counter('sequence_gaps_total', 'Times that numbers of a source never came'),
      missing: metrics.counter('sequence_missing_total', 'Numbers of sources that never came'),
      resets: metrics.counter('sequence_resets_total', 'Times that a source began to count anew'),
      leftOut: metrics.counter(
        'market_status_dropped_total',
        'Status events left out: too many waited, or they were refused',
      ),
      stale: metrics.gauge('stale_sources', 'Sources that have gone silent'),
    };
    const forgotten = (of: string) =>
      metrics.counter('market_manners_forgotten_total', 'Streams and sources that were forgotten for room', { of });
    const streams = forgotten('stream');
    const sources = forgotten('source');
    this.gaps = new SequenceGaps(
      (gap) => {
        this.counted.gaps.add();
        this.counted.missing.add(gap.last - gap.first + 1);
        this.tell(gapEvent(gap, this.now));
      },
      sequences,
      () => streams.add(),
    );
    this.sources = new SourceFreshness(
      (source, silentMs) => this.tell(freshnessEvent('stale', source, silentMs, this.now)),
      (source, silentMs) => this.tell(freshnessEvent('fresh', source, silentMs, this.now)),
      freshness,
      () => sources.add(),
    );
  }

  /** Status events that wait to be published. */
  get pending(): number {
    return this.waiting.length;
  }

  /** Batches of one lane come in its order, those of different lanes in any. Parses what names a source, and nothing else. */
  apply(batch: EventBatch): void {
    const sources = batch.column('source');
    if (sources === undefined) return;
    const nowMs = this.deps.clock.monotonicMs();
    for (let index = 0; index < batch.count; index++) {
      const source = batch.attributeAt(index, 'source');
      if (typeof source !== 'string' || source === OWN_SERVICE) continue;
      const event = storedEventOf(batch.valueAt(index));
      if (event !== undefined && event.data_type !== 'STATUS') this.observe(source, event, nowMs);
    }
  }

  /** To be called every second or so, not while it is under way: notices silences and what is missing for good, and publishes what there is to say. */
  async check(): Promise<void> {
    const nowMs = this.deps.clock.monotonicMs();
    this.gaps.due(nowMs);
    this.sources.check(nowMs);
    this.counted.stale.set(this.sources.staleSources);
    while (this.waiting.length > 0) {
      const next = this.waiting.slice(0, MAX_AT_ONCE);
      // What cannot be published now stays, and is tried again at the next check.
      await this.publish(next);
      this.waiting = this.waiting.slice(next.length);
    }
  }

  /** Rejects with what may be over by the next check. What is refused for what it is does not hold up the rest. */
  private async publish(events: readonly MarketDataEventInput[]): Promise<void> {
    try {
      await this.deps.publish(events);
    } catch (error) {
      if (!(error instanceof DistributionError) || error.retryable) throw error;
      if (events.length === 1) this.counted.leftOut.add();
      else for (const event of events) await this.publish([event]);
    }
  }

  private observe(source: string, { data, metadata }: MarketDataDistributed, nowMs: number): void {
    this.sources.heard(source, nowMs);
    const { sequence, symbol, exchange } = data;
    if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence)) return;
    const { channel } = metadata;
    if (channel === undefined && (symbol === undefined || exchange === undefined)) return;
    const stream: SequenceStream = channel === undefined ? { source, symbol, exchange } : { source, channel };
    if (this.gaps.observe(stream, sequence, nowMs) !== 'reset') return;
    this.counted.resets.add();
    this.tell(resetEvent(stream, this.now));
  }

  private get now(): number {
    return this.deps.clock.nowMicros();
  }

  private tell(event: MarketDataEventInput): void {
    if (this.waiting.length < MAX_WAITING) this.waiting.push(event);
    else this.counted.leftOut.add();
  }
}
