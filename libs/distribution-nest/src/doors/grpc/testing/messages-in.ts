import { PREFIX_BYTES } from '../message-framing.js';

/** Views of the messages in a flush, in order. */
export function* messagesIn(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const from = at + PREFIX_BYTES;
    at = from + bytes.readUInt32BE(at + 1);
    yield bytes.subarray(from, at);
  }
}
