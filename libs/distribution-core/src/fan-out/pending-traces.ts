import type { Column } from '../event-batch.js';
import type { Feed } from './feed.js';

/** Beyond this many traced events of one flush, the others are not linked: a span is no list. */
const MAX_TRACES_PER_FLUSH = 32;

/** Flushes that wrote events whose producers are traced; one report per flush, however many subscribers it had. */
export interface FlushTracing {
  flushed(flush: TracedFlush): void;
}

export interface TracedFlush {
  readonly feed: number;
  readonly members: number;
  /** Events of the flush, times members. */
  readonly deliveries: number;
  /** W3C `traceparent` of the sampled events in it, at least one. */
  readonly traceparents: readonly string[];
  /** Epoch microseconds. */
  readonly startedMicros: number;
  readonly endedMicros: number;
}

/** Traces of events that were matched and are not written yet, by feed. Touched only by batches that hold traces. */
export class PendingTraces {
  private readonly byFeed = new Map<Feed, string[]>();

  /** `indexes` undefined: every event that `skip` does not mark. */
  note(
    feed: Feed,
    traces: Column,
    skip: Uint8Array | undefined,
    indexes: Uint32Array | undefined,
    count: number,
  ): void {
    const { index, dictionary } = traces;
    const end = indexes === undefined ? index.length : count;
    for (let at = 0; at < end; at++) {
      const event = indexes === undefined ? at : indexes[at];
      const code = index[event];
      if (code === 0 || (indexes === undefined && skip?.[event] === 1)) continue;
      const pending = this.byFeed.get(feed);
      if (pending === undefined) this.byFeed.set(feed, [String(dictionary[code - 1])]);
      else if (pending.length >= MAX_TRACES_PER_FLUSH) return;
      else pending.push(String(dictionary[code - 1]));
    }
  }

  take(feed: Feed): readonly string[] | undefined {
    if (this.byFeed.size === 0) return undefined;
    const traces = this.byFeed.get(feed);
    this.byFeed.delete(feed);
    return traces;
  }
}
