/**
 * The ids of a batch, as the bytes of their texts. A text is made when somebody asks for one: a tail needs none, and a
 * string for each event is a good part of what the collector has to do.
 */
export class EventIds {
  /**
   * `bytes` are UTF-8 and must not change. The first id begins at `first` and ends at `ends[0]`, the next one begins `gap`
   * bytes behind that, and so on.
   */
  constructor(
    readonly bytes: Buffer,
    readonly ends: Uint32Array,
    readonly first = 0,
    readonly gap = 0,
  ) {}

  static of(texts: readonly string[]): EventIds {
    const joined = texts.join('');
    const bytes = Buffer.from(joined);
    // As many bytes as characters: all of them are ASCII.
    const isPlain = bytes.length === joined.length;
    const ends = new Uint32Array(texts.length);
    let end = 0;
    for (let index = 0; index < texts.length; index++) {
      end += isPlain ? texts[index].length : Buffer.byteLength(texts[index]);
      ends[index] = end;
    }
    return new EventIds(bytes, ends);
  }

  /** All of several, in their order; a copy. */
  static concat(parts: readonly EventIds[]): EventIds {
    const ends = new Uint32Array(parts.reduce((sum, part) => sum + part.ends.length, 0));
    const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.byteLength, 0));
    let row = 0;
    let end = 0;
    for (const part of parts) {
      for (let index = 0; index < part.ends.length; index++) {
        end += part.bytes.copy(bytes, end, part.startOf(index), part.ends[index]);
        ends[row++] = end;
      }
    }
    return new EventIds(bytes, ends);
  }

  /** Of the ids alone. */
  get byteLength(): number {
    const count = this.ends.length;
    return count === 0 ? 0 : this.ends[count - 1] - this.first - (count - 1) * this.gap;
  }

  startOf(index: number): number {
    return index === 0 ? this.first : this.ends[index - 1] + this.gap;
  }

  at(index: number): string {
    return this.bytes.toString('utf8', this.startOf(index), this.ends[index]);
  }

  all(): string[] {
    return Array.from(this.ends, (_, index) => this.at(index));
  }
}
