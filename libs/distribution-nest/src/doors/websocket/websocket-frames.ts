import { constants, deflateRawSync } from 'node:zlib';

const FIN = 0x80;
/** RFC 7692: the payload is compressed. */
const RSV1 = 0x40;
const TEXT = 0x1;
const BINARY = 0x2;
const PING = 0x9;

export const textFrame = (parts: readonly Uint8Array[]): Buffer => frameOf(TEXT, parts);
const binaryFrame = (parts: readonly Uint8Array[]): Buffer => frameOf(BINARY, parts);

/** How messages become frames, with or without `permessage-deflate`. */
export interface Framing {
  readonly name: string;
  text(parts: readonly Uint8Array[]): Buffer;
  binary(parts: readonly Uint8Array[]): Buffer;
}

export const PLAIN: Framing = { name: '', text: textFrame, binary: binaryFrame };

/** Compressed once for a whole feed, so no frame may refer to one before (`server_no_context_takeover`). */
export const DEFLATED: Framing = {
  name: '-deflated',
  text: (parts) => deflatedFrame(TEXT, parts),
  binary: (parts) => deflatedFrame(BINARY, parts),
};

/** Smaller messages hardly become smaller still. */
const MIN_DEFLATED_BYTES = 1024;
/** A sync flush ends in these four bytes, which the receiver puts back. */
const FLUSH_TAIL_BYTES = 4;
/** Level 1: measured on events of 200 B, higher levels take twice the time for a few per cent. */
const DEFLATE = { level: 1, finishFlush: constants.Z_SYNC_FLUSH };

function deflatedFrame(opcode: number, parts: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(parts);
  if (message.length < MIN_DEFLATED_BYTES) return frameOf(opcode, [message]);
  const deflated = deflateRawSync(message, DEFLATE);
  return frameOf(RSV1 | opcode, [deflated.subarray(0, deflated.length - FLUSH_TAIL_BYTES)]);
}

/** One unfragmented, unmasked frame as servers send it (RFC 6455 §5.2): header, then the parts back to back. */
function frameOf(opcode: number, parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const out = Buffer.allocUnsafe(headerBytes + length);
  out[0] = FIN | opcode;
  if (headerBytes === 2) {
    out[1] = length;
  } else if (headerBytes === 4) {
    out[1] = 126;
    out.writeUInt16BE(length, 2);
  } else {
    out[1] = 127;
    out.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    out.writeUInt32BE(length >>> 0, 6);
  }
  let at = headerBytes;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A ping whose pong brings `payload` (at most 125 ASCII characters) back. */
export function pingFrame(payload: string): Buffer {
  const out = Buffer.allocUnsafe(2 + payload.length);
  out[0] = FIN | PING;
  out[1] = payload.length;
  out.write(payload, 2, 'latin1');
  return out;
}
