import type { EventBatch } from '../event-batch.js';
import type { Position } from '../position.js';

/** A batch costs this much beside its events: resident memory of 20,000 decoded batches of one event, per batch. */
const OVERHEAD_BYTES = 8 * 1024;

/** One batch of a lane in memory; `skip[i]` = 1 where an event is a copy of an earlier one. */
export interface Segment {
  readonly batch: EventBatch;
  readonly skip: Uint8Array | undefined;
  readonly bytes: number;
}

/**
 * The recent events of one lane, never overwritten, dropped whole, oldest first. Everything after `start` up to `end`
 * is here; what is older is only in the broker.
 */
export class Segments {
  private items: Segment[] = [];
  /** Dropped items at the front of `items`; compacted now and then so that dropping stays cheap. */
  private dropped = 0;
  bytes = 0;

  constructor(
    public start: Position,
    public end: Position = start,
  ) {}

  get oldest(): Segment | undefined {
    return this.items[this.dropped];
  }

  append(batch: EventBatch, skip: Uint8Array | undefined): Segment {
    const segment: Segment = { batch, skip, bytes: batch.byteLength + OVERHEAD_BYTES };
    this.items.push(segment);
    this.bytes += segment.bytes;
    this.end = batch.lastPosition;
    return segment;
  }

  /** Nothing between the old end and `position` was kept: what is older is forgotten, too. */
  restartAt(position: Position): void {
    this.items = [];
    this.dropped = 0;
    this.bytes = 0;
    this.start = position;
    this.end = position;
  }

  dropOldest(): number {
    const segment = this.items[this.dropped];
    if (segment === undefined) return 0;
    this.dropped++;
    this.start = segment.batch.lastPosition;
    this.bytes -= segment.bytes;
    if (this.dropped > 64 && this.dropped * 2 > this.items.length) {
      this.items = this.items.slice(this.dropped);
      this.dropped = 0;
    }
    return segment.bytes;
  }

  holds(position: Position): boolean {
    return position >= this.start;
  }

  /** Segments with events after `position`, oldest first. The caller makes sure that `holds(position)`. */
  *after(position: Position): Generator<Segment> {
    for (let index = this.firstAfter(position); index < this.items.length; index++) yield this.items[index];
  }

  /** All segments, newest first. */
  *newestFirst(): Generator<Segment> {
    for (let index = this.items.length - 1; index >= this.dropped; index--) yield this.items[index];
  }

  private firstAfter(position: Position): number {
    let low = this.dropped;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.items[middle].batch.lastPosition > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
