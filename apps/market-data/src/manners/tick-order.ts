import {
  type AttributeValue,
  type Clock,
  type Counter,
  type EventRecord,
  type Metrics,
  noMetrics,
} from '@distributary/distribution-core';
import { LRUCache } from 'lru-cache';

export interface TickOrderLimits {
  /** Symbols of an exchange that are remembered, times two; beyond it, the one that was silent the longest is forgotten. */
  readonly maxStreams: number;
  /** What claims to be further in the future than this does not make others late. */
  readonly maxAheadMs: number;
}

/** What claims to be further in the future is not believed. */
export const MAX_AHEAD_MS = 60_000;

const LIMITS: TickOrderLimits = { maxStreams: 100_000, maxAheadMs: MAX_AHEAD_MS };
const TYPES = ['TRADE', 'QUOTE'] as const;

interface Newest {
  timeMicros: number;
  /** By source; one source nearly always. */
  source: AttributeValue | undefined;
  sequence: number;
}

/**
 * Says which trades and quotes come late: behind one of the same symbol, exchange and type that happened after them, or, at
 * the same time, to which the same source gave a greater number. It looks at what this process takes in, in that order; they
 * go on all the same. An event that is published again after a failure may be called late: the failed call counts.
 */
export class TickOrder {
  private readonly newest: LRUCache<string, Newest>;
  private readonly late: Readonly<Record<string, Counter>>;
  private readonly ahead: Counter;

  constructor(
    private readonly clock: Clock,
    metrics: Metrics = noMetrics,
    private readonly limits: TickOrderLimits = LIMITS,
  ) {
    const forgotten = metrics.counter('tick_order_forgotten_total', 'Symbols whose newest tick was forgotten for room');
    this.newest = new LRUCache({
      max: limits.maxStreams,
      dispose: (_newest, _key, reason) => reason === 'evict' && forgotten.add(),
    });
    this.late = Object.fromEntries(
      TYPES.map((dataType) => [
        dataType,
        metrics.counter('late_events_total', 'Trades and quotes that came behind later ones', { data_type: dataType }),
      ]),
    );
    this.ahead = metrics.counter('early_events_total', 'Trades and quotes from the future');
  }

  get size(): number {
    return this.newest.size;
  }

  /** Takes note of it. `tenant`: whose it is, which makes nobody else's late. `sequence`: its source's number of it; -1: none. */
  isLate(
    tenant: string,
    { attributes, timeMicros }: Pick<EventRecord, 'attributes' | 'timeMicros'>,
    sequence: number,
  ): boolean {
    const { data_type: dataType, symbol, exchange, source } = attributes;
    if (dataType !== 'TRADE' && dataType !== 'QUOTE') return false;
    if (timeMicros > this.clock.nowMicros() + this.limits.maxAheadMs * 1_000) {
      this.ahead.add();
      return false;
    }
    const key = `${tenant} ${dataType} ${String(exchange)} ${String(symbol)}`;
    const newest = this.newest.get(key);
    if (newest === undefined) {
      this.newest.set(key, { timeMicros, source, sequence });
      return false;
    }
    // Numbers begin anew with each session; then time goes on.
    const isBehind =
      timeMicros < newest.timeMicros ||
      (timeMicros === newest.timeMicros && sequence >= 0 && source === newest.source && sequence < newest.sequence);
    if (isBehind) this.late[dataType].add();
    else Object.assign(newest, { timeMicros, source, sequence });
    return isBehind;
  }
}
