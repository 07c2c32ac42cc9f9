import type { ServerMessage } from '@distributary/contracts';
import { messageOf } from './message-reader.js';

const VERSION = 1;
const PREAMBLE_BYTES = 12;
const LENGTH_BYTES = 4;

/**
 * A frame of `distributary.v1.bin` as the message that the same frame of `distributary.v1.json` would be; the layout is in
 * docs/protocol.md. Undefined if it is not one. An event that a transformation made into other bytes than JSON is those bytes.
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
    const value = new Uint8Array(bytes, at, length);
    const event = isJson(value) ? parsed(text.decode(value)) : value.slice();
    if (event === undefined) return undefined;
    events.push(event);
    at += length + 1;
  }
  return { ...message, payload: { ...message.payload, events } } as ServerMessage;
}

/** Avro begins with a zero byte, which no JSON does; what was dropped of it is empty. */
const isJson = (value: Uint8Array): boolean => value.length > 0 && value[0] !== 0;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
