/** Kafka's variable-length numbers: 7 bits a byte, lowest first; signed ones fold the sign into the lowest bit. */

export function writeUnsigned(bytes: Buffer, at: number, value: number): number {
  while (value > 0x7f) {
    bytes[at++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  bytes[at++] = value;
  return at;
}

export function sizeOfUnsigned(value: number): number {
  let size = 1;
  while (value > 0x7f) {
    value = Math.floor(value / 0x80);
    size++;
  }
  return size;
}

/** Zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 … Safe for what a safe integer holds halved. */
export const folded = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
export const writeSigned = (bytes: Buffer, at: number, value: number): number =>
  writeUnsigned(bytes, at, folded(value));
export const sizeOfSigned = (value: number): number => sizeOfUnsigned(folded(value));

/** Reads front to back without an object per number: the hot path's only state is `at`. */
export class VarintReader {
  at = 0;

  constructor(public bytes: Buffer) {}

  unsigned(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = bytes[this.at++];
      if (byte === undefined) throw new RangeError('a record ends in the midst of a number');
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    return value;
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
