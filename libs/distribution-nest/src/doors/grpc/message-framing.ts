/**
 * A flush of a feed is one buffer that may hold several frames, while a gRPC message is a unit of its own: each message is
 * preceded by its length, for the outlet to take them apart again without copying.
 */
export const FRAMING_BYTES = 4;

export function framed(message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(FRAMING_BYTES + message.length);
  out.writeUInt32BE(message.length, 0);
  out.set(message, FRAMING_BYTES);
  return out;
}

/** Views of the messages in `bytes`, in order. */
export function* messagesIn(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const from = at + FRAMING_BYTES;
    at = from + bytes.readUInt32BE(at);
    yield bytes.subarray(from, at);
  }
}
