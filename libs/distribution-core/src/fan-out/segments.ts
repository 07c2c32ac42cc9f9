import type { EventBatch } from '../event-batch.js';
import { mergeEventBatches } from '../merged-batch.js';
import type { Position } from '../position.js';

/** A batch of fewer events is small; small neighbours are merged when they have so many events, or bytes, together. */
const SMALL_EVENTS = 32;
const MERGED_EVENTS = 64;
const MERGED_BYTES = 128 * 1024;

/** One batch of a lane in memory; `skip[i]` = 1 where an event is a copy of an earlier one. */
export interface Segment {
  readonly batch: EventBatch;
  readonly skip: Uint8Array | undefined;
  readonly bytes: number;
}

/**
 * The recent events of one lane, never overwritten, dropped whole, oldest first. Everything after `start` up to `end`
 * is here; what is older is only in the broker.
 *
 * Small batches are merged when enough of them have come: ten thousand batches of one event would be half a million
 * objects, and the collector, which must walk them all, would hold up the loop.
 */
export class Segments {
  /** Undefined where one was dropped: those are at the front, and taken out now and then, so that dropping stays cheap. */
  private items: (Segment | undefined)[] = [];
  private dropped = 0;
  /** The last so many of `items` are small, and not merged yet; what they have together. */
  private loose = 0;
  private looseEvents = 0;
  private looseBytes = 0;
  bytes = 0;

  constructor(
    public start: Position,
    public end: Position = start,
  ) {}

  get oldest(): Segment | undefined {
    return this.items[this.dropped];
  }

  /** By how many bytes it grew: less than none if small batches became one. */
  append(batch: EventBatch, skip: Uint8Array | undefined): number {
    const before = this.bytes;
    const isSmall = batch.count < SMALL_EVENTS;
    if (!isSmall) this.mergeLoose();
    this.push(batch, skip);
    this.end = batch.lastPosition;
    if (isSmall) {
      this.loose++;
      this.looseEvents += batch.count;
      this.looseBytes += batch.byteLength;
      if (this.looseEvents >= MERGED_EVENTS || this.looseBytes >= MERGED_BYTES) this.mergeLoose();
    }
    return this.bytes - before;
  }

  /** Nothing between the old end and `position` was kept: what is older is forgotten, too. */
  restartAt(position: Position): void {
    this.items = [];
    this.dropped = 0;
    this.bytes = 0;
    this.forgetLoose();
    this.start = position;
    this.end = position;
  }

  dropOldest(): number {
    const segment = this.items[this.dropped];
    if (segment === undefined) return 0;
    this.items[this.dropped++] = undefined;
    if (this.loose > this.items.length - this.dropped) {
      this.loose--;
      this.looseEvents -= segment.batch.count;
      this.looseBytes -= segment.batch.byteLength;
    }
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
    for (let index = this.firstAfter(position); index < this.items.length; index++) yield this.at(index);
  }

  /** All segments, newest first. */
  *newestFirst(): Generator<Segment> {
    for (let index = this.items.length - 1; index >= this.dropped; index--) yield this.at(index);
  }

  /** None that was dropped. */
  private at(index: number): Segment {
    return this.items[index] as Segment;
  }

  private push(batch: EventBatch, skip: Uint8Array | undefined): void {
    const segment: Segment = { batch, skip, bytes: batch.byteLength + (skip?.length ?? 0) };
    this.items.push(segment);
    this.bytes += segment.bytes;
  }

  private mergeLoose(): void {
    if (this.loose > 1) {
      const segments = this.items.splice(this.items.length - this.loose) as Segment[];
      for (const { bytes } of segments) this.bytes -= bytes;
      this.push(mergeEventBatches(segments.map(({ batch }) => batch)), mergedSkip(segments, this.looseEvents));
    }
    this.forgetLoose();
  }

  private forgetLoose(): void {
    this.loose = this.looseEvents = this.looseBytes = 0;
  }

  private firstAfter(position: Position): number {
    let low = this.dropped;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).batch.lastPosition > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function mergedSkip(segments: readonly Segment[], events: number): Uint8Array | undefined {
  if (segments.every(({ skip }) => skip === undefined)) return undefined;
  const merged = new Uint8Array(events);
  let from = 0;
  for (const { batch, skip } of segments) {
    if (skip !== undefined) merged.set(skip, from);
    from += batch.count;
  }
  return merged;
}
