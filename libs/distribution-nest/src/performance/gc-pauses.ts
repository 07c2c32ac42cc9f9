import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import type { Histogram, Metrics } from '@distributary/distribution-core';

/** Milliseconds. */
const BUCKETS = [0.5, 1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 500, 1000];
const KINDS = new Map<number | undefined, string>([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);
const OTHER = 'other';

/** What entries of the type `gc` have besides; Node's types do not say it. */
interface GcEntry extends PerformanceEntry {
  readonly detail?: NodeGCPerformanceDetail;
}

export interface GcPauses {
  readonly count: number;
  readonly ms: number;
  readonly longestMs: number;
}

const NONE: GcPauses = { count: 0, ms: 0, longestMs: 0 };

/**
 * What the collector stops the main thread for. Node hands its entries over in lists; the client library's own
 * `nodejs_gc_duration_seconds` takes the first of each list only.
 */
export class GcObserver {
  private readonly histograms: ReadonlyMap<string, Histogram>;
  private readonly observer: PerformanceObserver;
  private pauses = NONE;

  constructor(metrics: Metrics) {
    this.histograms = new Map(
      [...KINDS.values(), OTHER].map((kind) => [
        kind,
        metrics.histogram('gc_pause_ms', 'Pauses of the main thread for the collector', BUCKETS, { kind }),
      ]),
    );
    this.observer = new PerformanceObserver((list) => {
      for (const { duration, detail } of list.getEntries() as GcEntry[]) {
        this.take(KINDS.get(detail?.kind) ?? OTHER, duration);
      }
    });
  }

  start(): void {
    this.observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.observer.disconnect();
  }

  /** Since the last reset. */
  read(): GcPauses {
    return this.pauses;
  }

  reset(): void {
    this.pauses = NONE;
  }

  private take(kind: string, durationMs: number): void {
    const { count, ms, longestMs } = this.pauses;
    this.histograms.get(kind)?.observe(durationMs);
    this.pauses = { count: count + 1, ms: ms + durationMs, longestMs: Math.max(longestMs, durationMs) };
  }
}
