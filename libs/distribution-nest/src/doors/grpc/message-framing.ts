/**
 * gRPC's prefix of a message: not compressed, and its length. Encoders write it, so that a flush of a feed, however many
 * messages it holds, is what goes out on every stream.
 */
export const PREFIX_BYTES = 5;

export function prefixed(message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  out[0] = 0;
  out.writeUInt32BE(message.length, 1);
  out.set(message, PREFIX_BYTES);
  return out;
}
