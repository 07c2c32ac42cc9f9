import { isUtf8 } from 'node:buffer';
import type { EventRecord } from '@distributary/distribution-core';

/** A record of a topic that others write: it has no header `dx`. All bytes are views; copy what is kept. */
export interface ForeignRecord {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  readonly offset: number;
  readonly timeMicros: number;
  readonly key: Buffer | undefined;
  /** Undefined for a tombstone. */
  readonly value: Buffer | undefined;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

/** What a record of others is as an event. Must not throw, and must say the same of the same record every time. */
export type ForeignDecoder = (record: ForeignRecord) => EventRecord;

const TRACEPARENT = 'traceparent';

/**
 * Its id is its place, which is the same for every reader. Its value stays as it is if it is a JSON object; any other JSON
 * becomes `{"data": …}`, any other bytes `{"data_base64": "…"}`, both as in CloudEvents.
 */
export const decodeForeign: ForeignDecoder = ({ partition, epoch, offset, timeMicros, key, value, headers }) => {
  const traceparent = headers.find(([name]) => name === TRACEPARENT)?.[1].toString();
  return {
    eventId: `${epoch}-${partition}-${offset}`,
    timeMicros,
    routingKey: key?.toString() ?? '',
    attributes: {},
    value: jsonObject(value),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
};

function jsonObject(value: Buffer | undefined): Uint8Array {
  if (value === undefined) return Buffer.from('{"data":null}');
  // Text frames hand on its bytes, and clients end the connection over such as are no UTF-8.
  if (!isUtf8(value)) return encoded(value);
  const text = value.toString();
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? value : Buffer.from(`{"data":${text}}`);
  } catch {
    return encoded(value);
  }
}

const encoded = (value: Buffer): Uint8Array => Buffer.from(`{"data_base64":"${value.toString('base64')}"}`);
