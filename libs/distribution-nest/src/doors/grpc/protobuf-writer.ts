/**
 * Protobuf's wire format, as far as the messages that carry events need it: a tag is field number × 8 + wire type, both
 * types here being followed by a varint (the value itself, or how many bytes come).
 */
const VARINT = 0;
const BYTES = 2;

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** What a field of `length` bytes takes in all; field numbers up to 15, whose tags are one byte. */
export const bytesFieldSize = (length: number): number => 1 + varintBytes(length) + length;

/** Writes into one buffer whose size was worked out before. */
export class ProtobufWriter {
  readonly buffer: Buffer;
  private at = 0;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  /** gRPC's, of a message that is not compressed. */
  prefix(messageBytes: number): void {
    this.buffer[this.at] = 0;
    this.at = this.buffer.writeUInt32BE(messageBytes, this.at + 1);
  }

  raw(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  bytesField(field: number, bytes: Uint8Array): void {
    this.lengthPrefix(field, bytes.length);
    this.raw(bytes);
  }

  /** Of a field whose content is written next. */
  lengthPrefix(field: number, length: number): void {
    this.buffer[this.at++] = (field << 3) | BYTES;
    this.varint(length);
  }

  varintField(field: number, value: number): void {
    this.buffer[this.at++] = (field << 3) | VARINT;
    this.varint(value);
  }

  private varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.buffer[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.at++] = rest;
  }
}

/** Fields of the head of a message; what equals proto3's default is left out, unless it is told to be there. */
export function textField(field: number, text: string): Buffer {
  if (text === '') return EMPTY;
  const bytes = Buffer.from(text);
  const writer = new ProtobufWriter(bytesFieldSize(bytes.length));
  writer.bytesField(field, bytes);
  return writer.buffer;
}

export function numberField(field: number, value: number, isExplicit = false): Buffer {
  if (value === 0 && !isExplicit) return EMPTY;
  const writer = new ProtobufWriter(1 + varintBytes(value));
  writer.varintField(field, value);
  return writer.buffer;
}

const EMPTY = Buffer.alloc(0);
