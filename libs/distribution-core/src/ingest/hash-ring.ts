import { hashInto } from '../text-hash.js';

const FIRST_CAPACITY = 256;

/**
 * The last so many texts, by 64 bits of their hash, oldest first, each with a few numbers: no objects and no strings,
 * so that a hundred thousand of them cost the collector nothing. Among 100 k texts a wrong match is as likely as
 * 1 to 10^14 per look.
 *
 * A ring of hashes and numbers, and an open-addressed table from hash to the newest place in the ring. An entry is
 * named by its sequence number, which stays while the ring grows.
 */
export class HashRing {
  private low = new Uint32Array(FIRST_CAPACITY);
  private high = new Uint32Array(FIRST_CAPACITY);
  private columns: Float64Array[];
  /** Place in the ring + 1; 0 is free. Twice as long as the ring, so never more than half full. */
  private table = new Uint32Array(FIRST_CAPACITY * 2);
  private readonly scratch = new Uint32Array(2);
  /** Of the oldest entry, and of the next one to come. */
  private first = 0;
  private next = 0;

  constructor(columnCount: number) {
    this.columns = Array.from({ length: columnCount }, () => new Float64Array(FIRST_CAPACITY));
  }

  get size(): number {
    return this.next - this.first;
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
    return this.next - 1;
  }

  /** The newest entry of this text; undefined if there is none. */
  find(text: string): number | undefined {
    hashInto(text, this.scratch);
    return this.findHash(this.scratch[0], this.scratch[1]);
  }

  /** The same for a text whose hash is known. */
  findHash(low: number, high: number): number | undefined {
    const held = this.table[this.cellOf(low, high)];
    return held === 0 ? undefined : this.first + ((held - 1 - this.placeOf(this.first)) & (this.low.length - 1));
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

  /** The same for a text whose hash is known. */
  addHash(low: number, high: number): boolean {
    if (this.size === this.low.length) this.grow();
    const place = this.placeOf(this.next++);
    this.low[place] = low;
    this.high[place] = high;
    const cell = this.cellOf(low, high);
    const isKnown = this.table[cell] !== 0;
    this.table[cell] = place + 1;
    return isKnown;
  }

  dropOldest(): void {
    const place = this.placeOf(this.first);
    const cell = this.cellOf(this.low[place], this.high[place]);
    // A later entry of the same text has taken the cell over: then it stays.
    if (this.table[cell] === place + 1) this.free(cell);
    this.first++;
  }

  private placeOf(entry: number): number {
    // Not `&`: a sequence number outgrows 32 bits.
    return entry % this.low.length;
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
    const { low, high, columns, first, next } = this;
    const old = low.length;
    const capacity = old * 2;
    this.low = new Uint32Array(capacity);
    this.high = new Uint32Array(capacity);
    this.columns = columns.map(() => new Float64Array(capacity));
    this.table = new Uint32Array(capacity * 2);
    for (let entry = first; entry < next; entry++) {
      const [from, to] = [entry % old, entry % capacity];
      this.low[to] = low[from];
      this.high[to] = high[from];
      columns.forEach((column, at) => (this.columns[at][to] = column[from]));
      this.table[this.cellOf(low[from], high[from])] = to + 1;
    }
  }
}
