import type { EventBatch } from '../event-batch.js';

export const DEDUPE_WINDOW_MS = 120_000;
export const DEDUPE_WINDOW_EVENTS = 100_000;

const FIRST_CAPACITY = 256;

export interface DedupeWindowOptions {
  readonly windowMs?: number;
  readonly maxEvents?: number;
}

/**
 * The ids of the last events of one lane, by the broker's time and at most so many. An event is a copy if its id is
 * among them. Copies count as events themselves: what is a copy then depends on the window before it alone, so that
 * every reader that starts one window early agrees with every other.
 *
 * A ring of (hash, time) in the order of the lane, and an open-addressed table from hash to the newest place in the
 * ring. 64 bits of hash: among 100 k ids a wrong match is as likely as 1 to 10^14 per event. At most about 3 MB.
 */
export class DedupeWindow {
  private readonly windowMicros: number;
  private readonly maxEvents: number;
  private low = new Uint32Array(FIRST_CAPACITY);
  private high = new Uint32Array(FIRST_CAPACITY);
  private micros = new Float64Array(FIRST_CAPACITY);
  /** Place in the ring + 1; 0 is free. Twice as long as the ring, so never more than half full. */
  private table = new Uint32Array(FIRST_CAPACITY * 2);
  private oldest = 0;
  private count = 0;

  constructor(options: DedupeWindowOptions = {}) {
    this.windowMicros = (options.windowMs ?? DEDUPE_WINDOW_MS) * 1000;
    this.maxEvents = options.maxEvents ?? DEDUPE_WINDOW_EVENTS;
  }

  /** Events in the window. */
  get size(): number {
    return this.count;
  }

  get byteLength(): number {
    return this.low.byteLength + this.high.byteLength + this.micros.byteLength + this.table.byteLength;
  }

  /** Records the id as the lane's newest; true if it is a copy. To be called in the order of the lane. */
  seen(eventId: string, brokerMicros: number): boolean {
    while (this.count > 0 && this.micros[this.oldest] < brokerMicros - this.windowMicros) this.dropOldest();
    if (this.count >= this.maxEvents) this.dropOldest();
    if (this.count === this.low.length) this.grow();
    const place = (this.oldest + this.count) & (this.low.length - 1);
    hashInto(eventId, this.low, this.high, place);
    this.micros[place] = brokerMicros;
    this.count++;
    const cell = this.cellOf(this.low[place], this.high[place]);
    const isCopy = this.table[cell] !== 0;
    this.table[cell] = place + 1;
    return isCopy;
  }

  /** 1 for each event that is a copy; undefined if none is. Every batch of the lane must pass, in order, once. */
  markDuplicates(batch: EventBatch): Uint8Array | undefined {
    let marked: Uint8Array | undefined;
    for (let index = 0; index < batch.count; index++) {
      if (!this.seen(batch.eventIds[index], batch.appendedMicros)) continue;
      marked ??= new Uint8Array(batch.count);
      marked[index] = 1;
    }
    return marked;
  }

  /** The cell that holds this hash, or the free one where it belongs. */
  private cellOf(low: number, high: number): number {
    const mask = this.table.length - 1;
    let cell = low & mask;
    for (let held = this.table[cell]; held !== 0; held = this.table[cell]) {
      if (this.low[held - 1] === low && this.high[held - 1] === high) return cell;
      cell = (cell + 1) & mask;
    }
    return cell;
  }

  private dropOldest(): void {
    const place = this.oldest;
    const cell = this.cellOf(this.low[place], this.high[place]);
    // A later copy has taken the cell over: then it stays.
    if (this.table[cell] === place + 1) this.free(cell);
    this.oldest = (place + 1) & (this.low.length - 1);
    this.count--;
  }

  /** Moves back what had to give way to the freed cell, so that no search stops too early. */
  private free(cell: number): void {
    const mask = this.table.length - 1;
    let hole = cell;
    for (let at = (hole + 1) & mask; this.table[at] !== 0; at = (at + 1) & mask) {
      const home = this.low[this.table[at] - 1] & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.table[hole] = this.table[at];
      hole = at;
    }
    this.table[hole] = 0;
  }

  private grow(): void {
    const { low, high, micros, oldest, count } = this;
    const capacity = low.length * 2;
    this.low = new Uint32Array(capacity);
    this.high = new Uint32Array(capacity);
    this.micros = new Float64Array(capacity);
    this.table = new Uint32Array(capacity * 2);
    this.oldest = 0;
    for (let at = 0; at < count; at++) {
      const place = (oldest + at) & (low.length - 1);
      this.low[at] = low[place];
      this.high[at] = high[place];
      this.micros[at] = micros[place];
      this.table[this.cellOf(low[place], high[place])] = at + 1;
    }
  }
}

/** Two 32-bit halves that each take in every character and then each other (the scheme known as cyrb53, unshortened). */
function hashInto(text: string, low: Uint32Array, high: Uint32Array, place: number): void {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    a = Math.imul(a ^ character, 2654435761);
    b = Math.imul(b ^ character, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  low[place] = a;
  high[place] = b;
}
