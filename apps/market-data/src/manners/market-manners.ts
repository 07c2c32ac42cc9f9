import type { MarketDataDistributed, MarketDataEventInput } from '@distributary/contracts';
import {
  type Clock,
  type Counter,
  DistributionError,
  type EventBatch,
  type Gauge,
  type Metrics,
  tenantOf,
} from '@distributary/distribution-core';
import { storedEventOf } from '../events/stored-event.js';
import { type FreshnessLimits, FRESHNESS_LIMITS, SourceFreshness } from './source-freshness.js';
import { SEQUENCE_LIMITS, SequenceGaps, type SequenceLimits, type SequenceStream } from './sequence-gaps.js';
import { freshnessEvent, gapEvent, OWN_SERVICE, resetEvent } from './status-events.js';

export interface MarketMannersDependencies {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Into the topics of the tenant. Idempotent by `event_id`. */
  readonly publish: (events: readonly MarketDataEventInput[], tenant: string) => Promise<unknown>;
  readonly sequences?: SequenceLimits;
  readonly freshness?: FreshnessLimits;
}

/** Not yet published, of a tenant and of all. Beyond it, what is new is left out: a feed that has broken apart is known by then. */
const MAX_WAITING_OF_TENANT = 1_000;
const MAX_WAITING = 10_000;
/** Published at once. */
const MAX_AT_ONCE = 100;

/**
 * Watches how sources behave, and says what subscribers should know as STATUS events: numbers that never came, counts that
 * began anew, sources that went silent and came back. Fed from the log, where all processes' events are, by one process of
 * an installation at a time; of late events see {@link TickOrder}, which marks them on their way in. Each tenant is told of
 * its own sources.
 */
export class MarketManners {
  private readonly gaps: SequenceGaps;
  private readonly sources: SourceFreshness;
  private readonly waiting = new Map<string, MarketDataEventInput[]>();
  private waitingCount = 0;
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
      (tenant, gap) => {
        this.counted.gaps.add();
        this.counted.missing.add(gap.last - gap.first + 1);
        this.tell(tenant, gapEvent(gap, this.now));
      },
      sequences,
      () => streams.add(),
    );
    this.sources = new SourceFreshness(
      (tenant, source, silentMs) => this.tell(tenant, freshnessEvent('stale', source, silentMs, this.now)),
      (tenant, source, silentMs) => this.tell(tenant, freshnessEvent('fresh', source, silentMs, this.now)),
      freshness,
      () => sources.add(),
    );
  }

  /** Status events that wait to be published. */
  get pending(): number {
    return this.waitingCount;
  }

  /** `topic`: the catalog's name. Batches of one lane come in its order, those of different lanes in any. Parses what names a source, and nothing else. */
  apply(batch: EventBatch, topic: string): void {
    const sources = batch.column('source');
    if (sources === undefined) return;
    const tenant = tenantOf(topic);
    const nowMs = this.deps.clock.monotonicMs();
    for (let index = 0; index < batch.count; index++) {
      const source = batch.attributeAt(index, 'source');
      if (typeof source !== 'string' || source === OWN_SERVICE) continue;
      const event = storedEventOf(batch.valueAt(index));
      if (event !== undefined && event.data_type !== 'STATUS') this.observe(tenant, source, event, nowMs);
    }
  }

  /** To be called every second or so, not while it is under way: notices silences and what is missing for good, and publishes what there is to say. */
  async check(): Promise<void> {
    const nowMs = this.deps.clock.monotonicMs();
    this.gaps.due(nowMs);
    this.sources.check(nowMs);
    this.counted.stale.set(this.sources.staleSources);
    const failures: unknown[] = [];
    for (const [tenant, events] of this.waiting) {
      // What cannot be published now stays, and is tried again at the next check; the other tenants' is published.
      await this.publishAll(events, tenant).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  private async publishAll(events: MarketDataEventInput[], tenant: string): Promise<void> {
    while (events.length > 0) {
      const next = events.slice(0, MAX_AT_ONCE);
      await this.publish(next, tenant);
      events.splice(0, next.length);
      this.waitingCount -= next.length;
    }
    this.waiting.delete(tenant);
  }

  /** Rejects with what may be over by the next check. What is refused for what it is does not hold up the rest. */
  private async publish(events: readonly MarketDataEventInput[], tenant: string): Promise<void> {
    try {
      await this.deps.publish(events, tenant);
    } catch (error) {
      if (!(error instanceof DistributionError) || error.retryable) throw error;
      if (events.length === 1) this.counted.leftOut.add();
      else for (const event of events) await this.publish([event], tenant);
    }
  }

  private observe(tenant: string, source: string, { data, metadata }: MarketDataDistributed, nowMs: number): void {
    this.sources.heard(tenant, source, nowMs);
    const { sequence, symbol, exchange, asset_class: assetClass } = data;
    if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence)) return;
    const { channel } = metadata;
    if (channel === undefined && (symbol === undefined || exchange === undefined)) return;
    const stream: SequenceStream =
      channel === undefined ? { source, symbol, exchange, assetClass } : { source, channel };
    if (this.gaps.observe(tenant, stream, sequence, nowMs) !== 'reset') return;
    this.counted.resets.add();
    this.tell(tenant, resetEvent(stream, this.now));
  }

  private get now(): number {
    return this.deps.clock.nowMicros();
  }

  private tell(tenant: string, event: MarketDataEventInput): void {
    const events = this.waiting.get(tenant) ?? [];
    if (events.length >= MAX_WAITING_OF_TENANT || this.waitingCount >= MAX_WAITING) return this.counted.leftOut.add();
    events.push(event);
    this.waiting.set(tenant, events);
    this.waitingCount++;
  }
}
