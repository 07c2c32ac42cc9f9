/** Reads an answer of the flexible protocol, front to back. Numbers of 64 bits are safe integers: offsets, times, ids. */
export class ByteReader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
  ) {}

  int8(): number {
    return this.bytes.readInt8(this.at++);
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return Number(this.bytes.readBigInt64BE(this.at - 8));
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.int8() & 0xff;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** Of a compact array; 0 for null. */
  count(): number {
    return Math.max(this.unsignedVarint() - 1, 0);
  }

  compactString(): string | null {
    const length = this.unsignedVarint() - 1;
    if (length < 0) return null;
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  /** A view; empty for null. */
  compactBytes(): Buffer {
    const length = this.count();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  uuid(): string {
    this.at += 16;
    return this.bytes.toString('base64url', this.at - 16, this.at);
  }

  tags(): void {
    for (let left = this.unsignedVarint(); left > 0; left--) {
      this.unsignedVarint();
      // Not `+=`, which would take the place from before the length was read.
      const length = this.unsignedVarint();
      this.at += length;
    }
  }

  list<Item>(item: () => Item): Item[] {
    return Array.from({ length: this.count() }, item);
  }
}
