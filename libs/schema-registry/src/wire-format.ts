/** Confluent's wire format: a zero byte, the schema's id in four bytes (big endian), then the body. */
const MAGIC = 0;
const HEADER_BYTES = 5;

export type WireMessage =
  | { readonly kind: 'message'; readonly schemaId: number; readonly body: Buffer }
  | { readonly kind: 'refused'; readonly problem: string };

/** The body is a view of `value`. */
export function readWireFormat(value: Uint8Array): WireMessage {
  if (value.length < HEADER_BYTES) {
    return { kind: 'refused', problem: `is ${value.length} bytes long, too short for a schema's id` };
  }
  if (value[0] !== MAGIC) {
    return { kind: 'refused', problem: `begins with the byte ${value[0]}, not with 0 and a schema's id` };
  }
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { kind: 'message', schemaId: bytes.readUInt32BE(1), body: bytes.subarray(HEADER_BYTES) };
}

export function wireFormat(schemaId: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  bytes[0] = MAGIC;
  bytes.writeUInt32BE(schemaId, 1);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}
