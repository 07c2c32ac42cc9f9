const FIN = 0x80;
const TEXT = 0x1;
const BINARY = 0x2;
const PING = 0x9;

export const textFrame = (parts: readonly Uint8Array[]): Buffer => frameOf(TEXT, parts);
export const binaryFrame = (parts: readonly Uint8Array[]): Buffer => frameOf(BINARY, parts);

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
