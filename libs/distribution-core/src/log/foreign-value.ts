import { isUtf8 } from 'node:buffer';
import { isObject, type Json } from '../transformation/json-value.js';

/**
 * The value of an event that others wrote. A JSON object stays as it is, the same bytes; any other JSON becomes `{"data": …}`, no
 * value `{"data":null}`, and any other bytes `{"data_base64": "…"}`, as in CloudEvents.
 */
export function foreignValue(bytes: Buffer | undefined): Uint8Array {
  if (bytes === undefined) return Buffer.from('{"data":null}');
  // Text frames hand on its bytes, and clients end the connection over such as are no UTF-8.
  if (!isUtf8(bytes)) return encoded(bytes);
  const text = bytes.toString();
  try {
    return isObject(JSON.parse(text) as Json) ? bytes : Buffer.from(`{"data":${text}}`);
  } catch {
    return encoded(bytes);
  }
}

const encoded = (bytes: Buffer): Uint8Array => Buffer.from(`{"data_base64":"${bytes.toString('base64')}"}`);
