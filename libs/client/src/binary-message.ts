import type { ServerMessage } from '@distributary/contracts';
import { messageOf } from './message-reader.js';

const VERSION = 1;
const PREAMBLE_BYTES = 12;
const LENGTH_BYTES = 4;

/**
 * A frame of `distributary.v1.bin` as the message that the same frame of `distributary.v1.json` would be; the layout is in
 * docs/protocol.md. Undefined if it is not one.
 */
export function binaryMessageOf(bytes: ArrayBuffer): ServerMessage | undefined {
  const view = new DataView(bytes);
  if (bytes.byteLength < PREAMBLE_BYTES || view.getUint8(0) !== VERSION) return undefined;
  const headBytes = view.getUint32(4, true);
  const count = view.getUint32(8, true);
  const valuesAt = PREAMBLE_BYTES + headBytes + count * LENGTH_BYTES;
  if (valuesAt > bytes.byteLength) return undefined;
  const text = new TextDecoder();
  const message = messageOf(text.decode(new Uint8Array(bytes, PREAMBLE_BYTES, headBytes)));
  if (message?.type !== 'data' && message?.type !== 'snapshot') return undefined;
  const events: unknown[] = [];
  let at = valuesAt;
  for (let index = 0; index < count; index++) {
    const length = view.getUint32(PREAMBLE_BYTES + headBytes + index * LENGTH_BYTES, true);
    if (at + length > bytes.byteLength) return undefined;
    const event = parsed(text.decode(new Uint8Array(bytes, at, length)));
    if (event === undefined) return undefined;
    events.push(event);
    at += length + 1;
  }
  return { ...message, payload: { ...message.payload, events } } as ServerMessage;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
