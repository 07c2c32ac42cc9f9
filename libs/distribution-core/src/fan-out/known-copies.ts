import type { EventBatch } from '../event-batch.js';
import type { DedupeWindow } from '../ingest/dedupe-window.js';
import type { Position } from '../position.js';

/** Says which events of a lane are copies, of what lies in its reach. */
export interface CopyFinder {
  /** Whether it knows of all that comes after this, as far as it reaches. */
  coversFrom(position: Position): boolean;
  coversTo(position: Position): boolean;
  /** 1 for each event that is a copy; undefined if none is. */
  markDuplicates(batch: EventBatch): Uint8Array | undefined;
}

/** By the ids of what came before: of everything, if it is asked in the order of the lane from one dedupe window earlier on. */
export const copiesByIds = (window: DedupeWindow): CopyFinder => ({
  coversFrom: () => true,
  coversTo: () => true,
  markDuplicates: (batch) => window.markDuplicates(batch),
});

/** Of one lane; a producer that sends all that it has again makes more. */
const MAX_COPIES = 4_096;

/**
 * Which events of a lane are copies, as its tail has found since the lane was opened: who reads anew what the tail has read
 * need not begin one dedupe window earlier to find the same. Of too many the first are forgotten.
 */
export class KnownCopies implements CopyFinder {
  private copies: Position[] = [];
  /** The tail has come so far. */
  private upTo: Position;

  /** Of events after `from`. */
  constructor(private from: Position) {
    this.upTo = from;
  }

  /** What the tail has read next; `skip` marks copies. */
  note(batch: EventBatch, skip: Uint8Array | undefined): void {
    const { positions, count } = batch;
    for (let index = skip === undefined ? count : positions.indexAfter(this.from); index < count; index++) {
      if (skip?.[index] === 1) this.copies.push(positions.at(index));
    }
    this.reached(batch.lastPosition);
    if (this.copies.length <= MAX_COPIES) return;
    const forgotten = this.copies.splice(0, this.copies.length - MAX_COPIES / 2);
    this.from = forgotten[forgotten.length - 1];
  }

  /**
   * The tail has gone on to there: what lies between is not to be had any more. Or back, where the lane has lost its end:
   * then it finds nothing but copies up to where it was, and other events lie at the same places.
   */
  reached(position: Position): void {
    if (position < this.upTo) {
      this.copies = [];
      this.from = this.upTo;
    }
    this.upTo = position;
  }

  coversFrom(position: Position): boolean {
    return position >= this.from;
  }

  /** Only what the tail has read. */
  coversTo(position: Position): boolean {
    return position <= this.upTo;
  }

  markDuplicates(batch: EventBatch): Uint8Array | undefined {
    const { positions, count, lastPosition } = batch;
    let marked: Uint8Array | undefined;
    for (let place = this.firstFrom(positions.at(0)); place < this.copies.length; place++) {
      const copy = this.copies[place];
      if (copy > lastPosition) break;
      const index = positions.indexAfter(copy) - 1;
      marked ??= new Uint8Array(count);
      marked[index] = 1;
    }
    return marked;
  }

  private firstFrom(position: Position): number {
    let low = 0;
    let high = this.copies.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.copies[middle] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
