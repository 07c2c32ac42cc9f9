import protobuf from 'protobufjs';

const LENGTH_DELIMITED = 2;
/** Deeper than any export that means something. */
const MAX_DEPTH = 64;
/** Of numbers that always have as many; the others end with the first byte that is below 128. */
const NUMBER_BYTES: Readonly<Record<string, number>> = {
  double: 8,
  fixed64: 8,
  sfixed64: 8,
  float: 4,
  fixed32: 4,
  sfixed32: 4,
};

/**
 * Whether a protobuf message has more than `most` messages and repeated values in it, without decoding it. `type` must be
 * resolved. Throws if it is cut off, or none.
 */
export function hasMoreWireParts(type: protobuf.Type, bytes: Uint8Array, most: number): boolean {
  return new WireParts(bytes, most).areMore(type, bytes.length, 0);
}

class WireParts {
  private readonly reader: protobuf.Reader;
  private parts = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly most: number,
  ) {
    this.reader = protobuf.Reader.create(bytes);
  }

  /** Reads one message, up to `end`. */
  areMore(type: protobuf.Type, end: number, depth: number): boolean {
    if (depth > MAX_DEPTH) throw new RangeError('messages lie too deep');
    const { reader } = this;
    const fields: Readonly<Record<number, protobuf.Field | undefined>> = type.fieldsById;
    while (reader.pos < end) {
      const tag = reader.uint32();
      const field = fields[tag >>> 3];
      if ((tag & 7) !== LENGTH_DELIMITED) {
        if (field?.repeated === true) this.parts++;
        reader.skipType(tag & 7);
      } else {
        const length = reader.uint32();
        if (field?.resolvedType instanceof protobuf.Type) {
          this.parts++;
          if (this.areMore(field.resolvedType, reader.pos + length, depth + 1)) return true;
        } else {
          if (field?.repeated === true) this.parts += this.valuesIn(field.type, reader.pos, length);
          reader.skip(length);
        }
      }
      if (this.parts > this.most) return true;
    }
    return false;
  }

  /** Numbers lie packed; texts do not. */
  private valuesIn(type: string, from: number, length: number): number {
    if (type === 'string' || type === 'bytes') return 1;
    const each = NUMBER_BYTES[type] as number | undefined;
    if (each !== undefined) return length / each;
    let values = 0;
    for (let at = from; at < Math.min(from + length, this.bytes.length); at++) if (this.bytes[at] < 128) values++;
    return values;
  }
}
