import { PayloadReader } from './payload-reader.js';

/** Room that must lie before the bytes that are read, for the piece of a frame that was left from the read before. */
export const HEADROOM_BYTES = 512;
/** At least this much of a text frame (or all of it) is there when it is judged. */
export const HEAD_BYTES = 400;

export interface FrameSink {
  /**
   * A text frame begins. True = its payload is wanted at the end, false = it is only skipped. `head` is a view of the
   * first {@link HEAD_BYTES} as they were sent, so compressed ones if `isDeflated`.
   */
  begin(head: Buffer, payloadBytes: number, isDeflated: boolean): boolean;
  /** It has come completely. `payload` if it was wanted. */
  end(payload: Buffer | undefined): void;
  ping(payload: Buffer): void;
  close(code: number, reason: string): void;
}

/** RFC 7692. */
const RSV1 = 0x40;
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const NO_STATUS = 1005;

/**
 * The receiving half of a WebSocket client that is cheap per byte: a frame whose content is known already is skipped by
 * its length, without looking at it, and nothing is allocated for it. Only what this service and its twin send:
 * unmasked, unfragmented text, pings, close.
 */
export class FrameReader {
  private rest: Buffer | undefined;
  private readonly payload: PayloadReader;

  constructor(private readonly sink: FrameSink) {
    this.payload = new PayloadReader((payload) => sink.end(payload));
  }

  /** Reads [from, to) of `buffer`, which is used again afterwards. Bytes before `from` are overwritten. */
  read(buffer: Buffer, from: number, to: number): void {
    let at = from;
    if (this.rest !== undefined) {
      at -= this.rest.length;
      this.rest.copy(buffer, at);
      this.rest = undefined;
    }
    while (at < to) {
      if (this.payload.isOpen) {
        at = this.payload.read(buffer, at, to);
        continue;
      }
      const bodyAt = this.begin(buffer, at, to);
      if (bodyAt < 0) {
        this.rest = Buffer.from(buffer.subarray(at, to));
        return;
      }
      at = bodyAt;
    }
  }

  /** Where the payload begins (or, for a control frame, where the next frame begins); -1 if too little has come. */
  private begin(buffer: Buffer, at: number, to: number): number {
    if (to - at < 2) return -1;
    const opcode = buffer[at] & 0x0f;
    const isDeflated = (buffer[at] & RSV1) !== 0;
    let length = buffer[at + 1] & 0x7f;
    let bodyAt = at + 2;
    if (length === 126) {
      if (to - at < 4) return -1;
      length = buffer.readUInt16BE(at + 2);
      bodyAt = at + 4;
    } else if (length === 127) {
      if (to - at < 10) return -1;
      length = buffer.readUInt32BE(at + 2) * 2 ** 32 + buffer.readUInt32BE(at + 6);
      bodyAt = at + 10;
    }
    const needed = opcode === TEXT ? Math.min(length, HEAD_BYTES) : length;
    if (to - bodyAt < needed) return -1;
    const head = buffer.subarray(bodyAt, bodyAt + needed);
    if (opcode === TEXT) {
      this.payload.begin(length, this.sink.begin(head, length, isDeflated));
      return bodyAt;
    }
    if (opcode === PING) this.sink.ping(head);
    if (opcode === CLOSE) this.sink.close(length < 2 ? NO_STATUS : head.readUInt16BE(0), head.toString('utf8', 2));
    return bodyAt + length;
  }
}

/** Client frames are masked; a mask of zeros is one, and leaves the payload as it is. */
export function clientFrame(opcode: 'text' | 'pong' | 'close', payload: Buffer): Buffer {
  const code = { text: 0x81, pong: 0x8a, close: 0x88 }[opcode];
  const isLong = payload.length > 125;
  const out = Buffer.alloc((isLong ? 8 : 6) + payload.length);
  out[0] = code;
  out[1] = 0x80 | (isLong ? 126 : payload.length);
  if (isLong) out.writeUInt16BE(payload.length, 2);
  payload.copy(out, out.length - payload.length);
  return out;
}
