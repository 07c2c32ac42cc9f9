import { AvroFailure } from './avro-failure.js';

const FIRST_BYTES = 256;

/** Bytes as they are written, up to a limit. */
export class ByteSink {
  private buffer = Buffer.allocUnsafe(FIRST_BYTES);
  length = 0;

  constructor(private readonly maxBytes: number) {}

  bytes(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length));
  }

  /** What was written since this was the length is gone. */
  returnTo(length: number): void {
    this.length = length;
  }

  byte(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  /** Zigzag, seven bits a byte. Safe integers and whatever 64 bits hold. */
  varint(value: number | bigint): void {
    if (typeof value === 'bigint' || Math.abs(value) > 2 ** 51) return this.longVarint(BigInt(value));
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  float(value: number): void {
    this.room(4);
    this.length = this.buffer.writeFloatLE(value, this.length);
  }

  double(value: number): void {
    this.room(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  append(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  private longVarint(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  private room(bytes: number): void {
    const wanted = this.length + bytes;
    if (wanted <= this.buffer.length) return;
    if (wanted > this.maxBytes) throw new AvroFailure('budget', '', `becomes larger than ${this.maxBytes} bytes`);
    const larger = Buffer.allocUnsafe(Math.min(this.maxBytes, Math.max(wanted, 2 * this.buffer.length)));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
