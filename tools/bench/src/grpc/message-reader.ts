import { PayloadReader } from '../payload-reader.js';

/** gRPC's framing of a message: whether it is compressed, then its length, big-endian. */
const PREFIX_BYTES = 5;
/** This much of a message (or all of it) is there when it is judged: more than what comes before its first event. */
export const HEAD_BYTES = 256;

export interface MessageSink {
  /** A message begins. True = it is wanted when it is there, false = it is only skipped. A view. */
  begin(head: Buffer, messageBytes: number): boolean;
  /** It has come completely. `message` if it was wanted. */
  take(message: Buffer | undefined): void;
}

/** The messages in one stream of bytes, however these are cut. What is known already is skipped by its length. */
export class MessageReader {
  private readonly head = Buffer.allocUnsafeSlow(PREFIX_BYTES + HEAD_BYTES);
  private headLength = 0;
  private readonly message: PayloadReader;

  constructor(private readonly sink: MessageSink) {
    this.message = new PayloadReader((message) => sink.take(message));
  }

  /** Reads [from, to) of `buffer`, which may be used again afterwards. */
  read(buffer: Buffer, from: number, to: number): void {
    const { message } = this;
    for (let at = from; at < to;) at = message.isOpen ? message.read(buffer, at, to) : this.gather(buffer, at, to);
  }

  private gather(buffer: Buffer, at: number, to: number): number {
    const needed = this.headLength < PREFIX_BYTES ? PREFIX_BYTES : PREFIX_BYTES + Math.min(HEAD_BYTES, this.length);
    const end = Math.min(to, at + needed - this.headLength);
    buffer.copy(this.head, this.headLength, at, end);
    this.headLength += end - at;
    const { headLength, length } = this;
    if (headLength >= PREFIX_BYTES && headLength === PREFIX_BYTES + Math.min(HEAD_BYTES, length)) this.begin(length);
    return end;
  }

  private begin(length: number): void {
    const head = this.head.subarray(PREFIX_BYTES, this.headLength);
    this.headLength = 0;
    this.message.begin(length - head.length, this.sink.begin(head, length), head);
  }

  /** Of the message whose prefix has come. */
  private get length(): number {
    return this.head.readUInt32BE(1);
  }
}

/** A message with its prefix. */
export function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
