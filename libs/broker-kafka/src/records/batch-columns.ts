import type { AttributeValue, Column } from '@distributary/distribution-core';

/** A column that grows by rows. Remembers where its last text lay: most rows repeat it, and are not decoded then. */
export class GrowingColumn {
  readonly dictionary: AttributeValue[] = [];
  private readonly places = new Map<AttributeValue, number>();
  private readonly index: Uint32Array;
  private lastBytes: Buffer | undefined;
  private lastFrom = 0;
  private lastTo = 0;
  private lastEntry = 0;

  constructor(rows: number) {
    this.index = new Uint32Array(rows);
  }

  put(row: number, value: AttributeValue): void {
    this.index[row] = this.entryOf(value);
  }

  /** The text in `bytes` from `from` to `to`, which must not change while the column grows. */
  putText(row: number, bytes: Buffer, from: number, to: number, isPlain: boolean): void {
    if (!this.isLast(bytes, from, to)) {
      this.lastEntry = this.entryOf(bytes.toString(isPlain ? 'latin1' : 'utf8', from, to));
      this.lastBytes = bytes;
      this.lastFrom = from;
      this.lastTo = to;
    }
    this.index[row] = this.lastEntry;
  }

  column(rows: number): Column {
    const { dictionary, index } = this;
    return { dictionary, index: rows === index.length ? index : index.slice(0, rows) };
  }

  private entryOf(value: AttributeValue): number {
    let entry = this.places.get(value);
    if (entry === undefined) {
      entry = this.dictionary.push(value);
      this.places.set(value, entry);
    }
    return entry;
  }

  private isLast(bytes: Buffer, from: number, to: number): boolean {
    const { lastBytes, lastFrom } = this;
    if (lastBytes === undefined || this.lastTo - lastFrom !== to - from) return false;
    for (let at = 0; at < to - from; at++) if (lastBytes[lastFrom + at] !== bytes[from + at]) return false;
    return true;
  }
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
