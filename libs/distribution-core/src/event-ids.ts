import { hashBytesInto, hashInto } from './text-hash.js';

/** The ids of a batch's events, in order. */
export interface EventIds {
  readonly all: readonly string[];
  at(index: number): string;
  /** Two halves of the hash of each, as {@link hashInto} makes them: 2 × count numbers. */
  hashes(): Uint32Array;
}

export class TextIds implements EventIds {
  constructor(readonly all: readonly string[]) {}

  at(index: number): string {
    return this.all[index];
  }

  hashes(): Uint32Array {
    const halves = new Uint32Array(this.all.length * 2);
    this.all.forEach((id, index) => hashInto(id, halves, index * 2));
    return halves;
  }
}

const [QUOTE, BACKSLASH, DELETE] = [0x22, 0x5c, 0x7f];

/**
 * Ids as they lie in the log, `"a","b"`: texts are made of those alone that somebody asks for. A hundred thousand texts that
 * live as long as their batches do cost the collector more than all else that comes in.
 */
export class StoredIds implements EventIds {
  private texts: readonly string[] | undefined;
  /** Places of the closing quotes; each id begins three bytes behind the one before it. */
  private ends: Uint32Array | undefined;

  constructor(
    private readonly bytes: Buffer,
    private readonly count: number,
  ) {}

  get all(): readonly string[] {
    this.texts ??= JSON.parse(`[${this.bytes.toString('utf8')}]`) as string[];
    return this.texts;
  }

  at(index: number): string {
    const ends = this.texts === undefined ? this.placed() : undefined;
    return ends === undefined ? this.all[index] : this.bytes.toString('latin1', startOf(ends, index), ends[index]);
  }

  hashes(): Uint32Array {
    const ends = this.placed();
    if (ends === undefined) return new TextIds(this.all).hashes();
    const halves = new Uint32Array(this.count * 2);
    for (let index = 0; index < this.count; index++) {
      hashBytesInto(this.bytes, startOf(ends, index), ends[index], halves, index * 2);
    }
    return halves;
  }

  /** Undefined if there are escapes, or characters of more than a byte. */
  private placed(): Uint32Array | undefined {
    if (this.ends !== undefined || this.texts !== undefined) return this.ends;
    const { bytes, count } = this;
    const ends = new Uint32Array(count);
    for (let index = 0, at = 1; index < count; index++, at += 3) {
      for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[++at]) {
        if (byte === BACKSLASH || !(byte <= DELETE)) {
          this.texts = this.all;
          return undefined;
        }
      }
      ends[index] = at;
    }
    this.ends = ends;
    return ends;
  }
}

const startOf = (ends: Uint32Array, index: number): number => (index === 0 ? 1 : ends[index - 1] + 3);
