const BITS = 7;
/** Where numbers that are below zero are told: 64 bits, all ones. */
const NEGATIVE_BYTES = 10;
const WIRE = { varint: 0, eight: 1, bytes: 2, four: 5 } as const;
const NONE = Buffer.alloc(0);

/** Reads a protobuf message field by field, whatever they are. `RangeError` if it is damaged. */
export class FieldReader {
  /** Of the field that was read last. */
  field = 0;
  /** Its value, if it is a varint. Below zero: -1. */
  number = 0;
  /** Its value, if it has a length: a view. */
  value: Buffer = NONE;
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** False behind the last. */
  next(): boolean {
    if (this.at >= this.bytes.length) return false;
    const tag = this.varint();
    const wire = tag & 7;
    this.field = Math.floor(tag / 8);
    this.number = wire === WIRE.varint ? this.varint() : 0;
    this.value = wire === WIRE.varint ? NONE : this.taken(this.lengthOf(wire));
    return true;
  }

  private lengthOf(wire: number): number {
    if (wire === WIRE.bytes) return this.varint();
    if (wire === WIRE.eight) return 8;
    if (wire === WIRE.four) return 4;
    throw new RangeError('a field is of no known kind');
  }

  private taken(length: number): Buffer {
    const end = this.at + length;
    if (length < 0 || end > this.bytes.length) throw new RangeError('a field ends too soon');
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  private varint(): number {
    let value = 0;
    for (let shift = 0; shift < NEGATIVE_BYTES; shift++) {
      if (this.at >= this.bytes.length) throw new RangeError('a number ends too soon');
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * 2 ** (BITS * shift);
      if (byte < 0x80) return shift + 1 === NEGATIVE_BYTES ? -1 : value;
    }
    throw new RangeError('a number is too long');
  }
}
