import {
  addLatencies,
  type Clock,
  type Histogram,
  LATENCY_BUCKETS,
  latencyBucket,
  type Metrics,
} from '@distributary/distribution-core';

/** Each alarm wakes an idle process, for about 15 µs of its core. */
const PERIOD_MS = 20;
/** Milliseconds. */
const BUCKETS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 65, 80, 100, 150, 200, 300, 500, 1000, 5000];

/**
 * How late the event loop is: a timer of 20 ms says of each of its alarms by how much. Node's own monitor does the same, but
 * keeps percentiles only, and those of two times cannot be subtracted; the counts of a histogram can.
 */
export class LoopDelay {
  private readonly histogram: Histogram;
  private readonly counts = new Uint32Array(LATENCY_BUCKETS);
  private armedMs = 0;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.histogram = metrics.histogram('event_loop_delay_ms', 'By how much a timer of 20 ms is late', BUCKETS);
  }

  start(): void {
    this.arm();
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Adds what was counted since the last reset, see `latencyBucket`. */
  addTo(counts: Uint32Array): void {
    addLatencies(counts, this.counts);
  }

  reset(): void {
    this.counts.fill(0);
  }

  private arm(): void {
    this.armedMs = this.clock.monotonicMs();
    this.cancel = this.clock.after(PERIOD_MS, this.alarm);
  }

  private readonly alarm = (): void => {
    const delayMs = Math.max(0, this.clock.monotonicMs() - this.armedMs - PERIOD_MS);
    this.histogram.observe(delayMs);
    this.counts[latencyBucket(delayMs)]++;
    this.arm();
  };
}
