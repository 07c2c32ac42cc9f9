import { hashBytesInto, hashInto } from '../text-hash.js';

const FIRST_CAPACITY = 256;

/**
 * The last so many texts (or runs of bytes, in a ring of their own), by 64 bits of their hash, oldest first, each with a few
 * numbers: no objects and no strings, so that a hundred thousand of them cost the collector nothing. Among 100 k texts a
 * wrong match is as likely as 1 to 10^14 per look.
 *
 * A ring of hashes and numbers, and an open-addressed table from hash to the newest place in the ring. An entry is
 * named by its sequence number, which stays while the ring grows.
 */
export class HashRing {
  private low = new Uint32Array(FIRST_CAPACITY);
  private high = new Uint32Array(FIRST_CAPACITY);
  private columns: Float64Array[];
  /**
   * Pairs: place in the ring + 1 (0 is free), and the low half of its hash, so that a look at a cell is one look into memory. Twice
   * as many as the ring is long, so never more than half full.
   */
  private table = new Uint32Array(FIRST_CAPACITY * 4);
  private readonly scratch = new Uint32Array(2);
  /** Sequence number of the oldest entry, and its place in the ring, whose length is a power of two. */
  private first = 0;
  private firstPlace = 0;
  private count = 0;

  constructor(columnCount: number) {
    this.columns = Array.from({ length: columnCount }, () => new Float64Array(FIRST_CAPACITY));
  }

  get size(): number {
    return this.count;
  }

  get byteLength(): number {
    const { low, high, table, columns } = this;
    return low.byteLength + high.byteLength + table.byteLength + columns.length * columns[0].byteLength;
  }

  /** The sequence number of the oldest entry; of the next one if there is none. */
  get oldest(): number {
    return this.first;
  }

  get newest(): number {
    return this.first + this.count - 1;
  }

  /** The newest entry of this text; undefined if there is none. */
  find(text: string): number | undefined {
    hashInto(text, this.scratch);
    return this.findHash(this.scratch[0], this.scratch[1]);
  }

  /** The same for a text whose hash is known. */
  findHash(low: number, high: number): number | undefined {
    const held = this.table[2 * this.cellOf(low, high)];
    return held === 0 ? undefined : this.first + ((held - 1 - this.firstPlace) & (this.low.length - 1));
  }

  valueOf(entry: number, column: number): number {
    return this.columns[column][this.placeOf(entry)];
  }

  set(entry: number, column: number, value: number): void {
    this.columns[column][this.placeOf(entry)] = value;
  }

  /** True if the ring had the text already. The numbers of the `newest` are then to be set. */
  add(text: string): boolean {
    hashInto(text, this.scratch);
    return this.addHash(this.scratch[0], this.scratch[1]);
  }

  /** The same of those of `bytes` from `from` to `to`. */
  addBytes(bytes: Uint8Array, from: number, to: number): boolean {
    hashBytesInto(bytes, from, to, this.scratch);
    return this.addHash(this.scratch[0], this.scratch[1]);
  }

  /** The same for a text whose hash is known. */
  addHash(low: number, high: number): boolean {
    if (this.count === this.low.length) this.grow();
    const place = (this.firstPlace + this.count++) & (this.low.length - 1);
    this.low[place] = low;
    this.high[place] = high;
    const cell = this.cellOf(low, high);
    const isKnown = this.table[2 * cell] !== 0;
    this.table[2 * cell] = place + 1;
    this.table[2 * cell + 1] = low;
    return isKnown;
  }

  dropOldest(): void {
    const place = this.firstPlace;
    const cell = this.cellOf(this.low[place], this.high[place]);
    // A later entry of the same text has taken the cell over: then it stays.
    if (this.table[2 * cell] === place + 1) this.free(cell);
    this.first++;
    this.count--;
    this.firstPlace = (place + 1) & (this.low.length - 1);
  }

  private placeOf(entry: number): number {
    // The difference first: a sequence number outgrows 32 bits.
    return (this.firstPlace + (entry - this.first)) & (this.low.length - 1);
  }

  /** The cell that holds this hash, or the free one where it belongs. */
  private cellOf(low: number, high: number): number {
    const { table } = this;
    const mask = table.length / 2 - 1;
    let cell = low & mask;
    for (let held = table[2 * cell]; held !== 0; held = table[2 * cell]) {
      if (table[2 * cell + 1] === low && this.high[held - 1] === high) return cell;
      cell = (cell + 1) & mask;
    }
    return cell;
  }

  /** Moves back what had to give way to the freed cell, so that no search stops too early. */
  private free(cell: number): void {
    const { table } = this;
    const mask = table.length / 2 - 1;
    let hole = cell;
    for (let at = (hole + 1) & mask; table[2 * at] !== 0; at = (at + 1) & mask) {
      const home = table[2 * at + 1] & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[2 * hole] = table[2 * at];
      table[2 * hole + 1] = table[2 * at + 1];
      hole = at;
    }
    table[2 * hole] = 0;
  }

  /**
   * Twice as large, in milliseconds even if it holds a hundred thousand: numbers are copied in two runs, and the cells of the
   * old table are gone through as they lie there, so that what is written lies close together, too.
   */
  private grow(): void {
    const { low, table, firstPlace } = this;
    const old = low.length;
    const capacity = old * 2;
    this.low = unrolled(low, firstPlace, new Uint32Array(capacity));
    this.high = unrolled(this.high, firstPlace, new Uint32Array(capacity));
    this.columns = this.columns.map((column) => unrolled(column, firstPlace, new Float64Array(capacity)));
    this.firstPlace = 0;
    const larger = new Uint32Array(capacity * 4);
    const mask = larger.length / 2 - 1;
    for (let from = 0; from < table.length; from += 2) {
      const held = table[from];
      if (held === 0) continue;
      const half = table[from + 1];
      let cell = half & mask;
      // No two cells have the same hash: the first that is free is its own.
      while (larger[2 * cell] !== 0) cell = (cell + 1) & mask;
      larger[2 * cell] = ((held - 1 - firstPlace) & (old - 1)) + 1;
      larger[2 * cell + 1] = half;
    }
    this.table = larger;
  }
}

/** A full ring that begins at `first`, in the order of its entries. */
function unrolled<Numbers extends Uint32Array | Float64Array>(ring: Numbers, first: number, to: Numbers): Numbers {
  to.set(ring.subarray(first));
  to.set(ring.subarray(0, first), ring.length - first);
  return to;
}
