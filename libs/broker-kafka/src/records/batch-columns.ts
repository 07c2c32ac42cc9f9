import type { AttributeValue, Column } from '@distributary/distribution-core';

/** Where a text lay, and which entry of the dictionary it is. */
interface KnownText {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly entry: number;
}

/** Beyond, texts hardly repeat, or another one is as likely as any. */
const MAX_KNOWN_TEXTS = 1024;

/** A column that grows by rows. Remembers where its texts lay: most rows repeat one, and are not decoded then. */
export class GrowingColumn {
  readonly dictionary: AttributeValue[] = [];
  private readonly places = new Map<AttributeValue, number>();
  private readonly index: Uint32Array;
  private readonly known = new Map<number, KnownText>();
  private last: KnownText | undefined;

  constructor(rows: number) {
    this.index = new Uint32Array(rows);
  }

  put(row: number, value: AttributeValue): void {
    this.index[row] = this.entryOf(value);
  }

  /** The text in `bytes` from `from` to `to`, which must not change while the column grows. */
  putText(row: number, bytes: Buffer, from: number, to: number, isPlain: boolean): void {
    if (this.last === undefined || !isText(this.last, bytes, from, to)) this.last = this.find(bytes, from, to, isPlain);
    this.index[row] = this.last.entry;
  }

  column(rows: number): Column {
    const { dictionary, index } = this;
    return { dictionary, index: rows === index.length ? index : index.slice(0, rows) };
  }

  private find(bytes: Buffer, from: number, to: number, isPlain: boolean): KnownText {
    const hash = hashOf(bytes, from, to);
    const known = this.known.get(hash);
    if (known !== undefined && isText(known, bytes, from, to)) return known;
    const entry = this.entryOf(bytes.toString(isPlain ? 'latin1' : 'utf8', from, to));
    const found = { bytes, from, to, entry };
    if (this.known.size < MAX_KNOWN_TEXTS) this.known.set(hash, found);
    return found;
  }

  private entryOf(value: AttributeValue): number {
    let entry = this.places.get(value);
    if (entry === undefined) {
      entry = this.dictionary.push(value);
      this.places.set(value, entry);
    }
    return entry;
  }
}

function isText(known: KnownText, bytes: Buffer, from: number, to: number): boolean {
  if (known.to - known.from !== to - from) return false;
  for (let at = 0; at < to - from; at++) if (known.bytes[known.from + at] !== bytes[from + at]) return false;
  return true;
}

/** 30 bits: a number that the engine keeps no object for. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return hash >>> 2;
}

/** The columns of one batch. Records name their attributes in the same order mostly, so the name is looked for there first. */
export class GrowingColumns {
  private readonly byName = new Map<string, GrowingColumn>();
  private readonly bySlot: { readonly column: GrowingColumn; readonly name: Buffer }[] = [];

  constructor(private readonly rows: number) {}

  named(name: string): GrowingColumn {
    let column = this.byName.get(name);
    if (column === undefined) {
      column = new GrowingColumn(this.rows);
      this.byName.set(name, column);
    }
    return column;
  }

  /** Of the attribute whose name lies in `bytes`, the `slot`-th of its record. */
  at(slot: number, bytes: Buffer, from: number, to: number): GrowingColumn {
    const guess = this.bySlot[slot];
    if (guess !== undefined && guess.name.length === to - from) {
      const { name } = guess;
      let at = 0;
      while (at < name.length && name[at] === bytes[from + at]) at++;
      if (at === name.length) return guess.column;
    }
    const name = bytes.subarray(from, to);
    const column = this.named(name.toString());
    this.bySlot[slot] = { column, name };
    return column;
  }

  columns(rows: number): Map<string, Column> {
    const columns = new Map<string, Column>();
    for (const [name, column] of this.byName) columns.set(name, column.column(rows));
    return columns;
  }
}
