import type { EventBatch } from '../event-batch.js';
import type { LaneState } from './lane-state.js';

/** A batch of a lane that was matched, while feeds have events of it to take. */
interface MatchedBatch {
  readonly state: LaneState;
  readonly batch: EventBatch;
  readonly skip: Uint8Array | undefined;
  /** Entries that name it. */
  uses: number;
}

/** Whoever takes what was matched for it. `from` negative: every event that `skip` does not mark; else [from, to). */
export interface MatchTaker {
  collect(state: LaneState, batch: EventBatch, skip: Uint8Array | undefined, from: number, to: number): void;
}

/** Of an entry in the array of all: the batch, the first event and the one after the last, and the entry that follows. */
const FIELDS = 4;
const BATCH = 0;
const FROM = 1;
const TO = 2;
const NEXT = 3;
const FIRST_CAPACITY = 1024;
/** What a burst took is given back as soon as nothing waits. */
const KEPT_CAPACITY = 64 * 1024;
const NONE = -1;
export const ALL_EVENTS = -1;

/**
 * What was matched and not yet taken, by the slot of the feed: numbers in two arrays, so that noting a match touches neither the feed nor
 * anything that belongs to it. With a thousand feeds those are out of the caches, and each flush needs them once anyway.
 *
 *   last of a feed ──▶ entry ──▶ entry ──▶ … back to the first: a ring, so that one number leads to both ends
 *
 * As long as what waits: a feed takes its matches whenever it writes, is asked what waits, or is given another lane.
 */
export class PendingMatches {
  private entries = new Int32Array(FIRST_CAPACITY * FIELDS);
  /** Entries that are not used, by their `NEXT`. */
  private free = NONE;
  /** Entries that were never used begin here. */
  private fresh = 0;
  private used = 0;
  private last = new Int32Array(64).fill(NONE);
  private readonly batches: (MatchedBatch | undefined)[] = [];
  private readonly freeBatches: number[] = [];
  private current = NONE;

  /** Entries that wait. */
  get size(): number {
    return this.used;
  }

  /** Batches that are kept for them. */
  get batchCount(): number {
    return this.batches.length - this.freeBatches.length;
  }

  /** Of the matches that are noted next. To be followed by {@link end}. */
  begin(state: LaneState, batch: EventBatch, skip: Uint8Array | undefined): void {
    this.current = this.freeBatches.pop() ?? this.batches.length;
    this.batches[this.current] = { state, batch, skip, uses: 0 };
  }

  /** `indexes` are ascending; undefined: every event that is not skipped. */
  note(slot: number, indexes: Uint32Array | undefined, count: number): void {
    if (indexes === undefined) return this.append(slot, ALL_EVENTS, ALL_EVENTS);
    let from = 0;
    for (let at = 1; at <= count; at++) {
      if (at < count && indexes[at] === indexes[at - 1] + 1) continue;
      this.append(slot, indexes[from], indexes[at - 1] + 1);
      from = at;
    }
  }

  end(): void {
    if (this.batches[this.current]?.uses === 0) this.forgetBatch(this.current);
    this.current = NONE;
  }

  /** In the order in which they were noted; the feed has none then. */
  take(slot: number, taker: MatchTaker): void {
    const last = slot < this.last.length ? this.last[slot] : NONE;
    if (last === NONE) return;
    this.last[slot] = NONE;
    let entry = this.entries[last * FIELDS + NEXT];
    for (;;) {
      const at = entry * FIELDS;
      const number = this.entries[at + BATCH];
      const { state, batch, skip } = this.batches[number] as MatchedBatch;
      taker.collect(state, batch, skip, this.entries[at + FROM], this.entries[at + TO]);
      const next = this.entries[at + NEXT];
      this.release(entry, number);
      if (entry === last) break;
      entry = next;
    }
    if (this.used === 0) this.giveBack();
  }

  private append(slot: number, from: number, to: number): void {
    const entry = this.newEntry();
    const at = entry * FIELDS;
    const { entries, current } = this;
    entries[at + BATCH] = current;
    entries[at + FROM] = from;
    entries[at + TO] = to;
    (this.batches[current] as MatchedBatch).uses++;
    if (slot >= this.last.length) this.growSlots(slot);
    const last = this.last[slot];
    if (last === NONE) entries[at + NEXT] = entry;
    else {
      entries[at + NEXT] = entries[last * FIELDS + NEXT];
      entries[last * FIELDS + NEXT] = entry;
    }
    this.last[slot] = entry;
  }

  private newEntry(): number {
    this.used++;
    const entry = this.free;
    if (entry !== NONE) {
      this.free = this.entries[entry * FIELDS + NEXT];
      return entry;
    }
    if ((this.fresh + 1) * FIELDS > this.entries.length) {
      const grown = new Int32Array(this.entries.length * 2);
      grown.set(this.entries);
      this.entries = grown;
    }
    return this.fresh++;
  }

  private release(entry: number, batch: number): void {
    this.entries[entry * FIELDS + NEXT] = this.free;
    this.free = entry;
    this.used--;
    const matched = this.batches[batch] as MatchedBatch;
    // The batch at hand may be noted again before its end.
    if (--matched.uses === 0 && batch !== this.current) this.forgetBatch(batch);
  }

  private forgetBatch(number: number): void {
    this.batches[number] = undefined;
    this.freeBatches.push(number);
  }

  private giveBack(): void {
    this.free = NONE;
    this.fresh = 0;
    if (this.entries.length > KEPT_CAPACITY * FIELDS) this.entries = new Int32Array(FIRST_CAPACITY * FIELDS);
  }

  private growSlots(slot: number): void {
    const grown = new Int32Array(Math.max(slot + 1, this.last.length * 2)).fill(NONE);
    grown.set(this.last);
    this.last = grown;
  }
}
