import type { Attributes, EventRecord } from '@distributary/distribution-core';
import { sizeOfUnsigned, writeUnsigned } from './varint.js';

/**
 * The header `dx` of a record: what routing and filters look at, so that nothing parses a payload for it.
 *
 *   u8 version (1), f64 time (epoch microseconds, big endian), text event id,
 *   count, then per attribute: text name, u8 kind, and for a text: text, for a number: f64
 *
 * A text is (2 × bytes + 1 if it is not plain ASCII) as an unsigned varint, then its bytes.
 */
export const DX_VERSION = 1;
export const DX_KEY = Buffer.from('dx');
export const TRACEPARENT_KEY = Buffer.from('traceparent');

export const KIND_TEXT = 0;
export const KIND_NUMBER = 1;
export const KIND_TRUE = 2;
export const KIND_FALSE = 3;

/** What {@link writeDx} needs at most: three bytes for each UTF-16 unit, five for each length. */
export function mostDxBytes({ eventId, attributes }: EventRecord): number {
  let bytes = 16 + 3 * eventId.length + 5;
  for (const name in attributes) {
    const value = attributes[name];
    bytes += 3 * name.length + 14 + (typeof value === 'string' ? 3 * value.length : 0);
  }
  return bytes;
}

/** Into `bytes` from 0 on, which must have {@link mostDxBytes}; returns how many it took. */
export function writeDx(bytes: Buffer, { eventId, timeMicros, attributes }: EventRecord): number {
  bytes[0] = DX_VERSION;
  let at = bytes.writeDoubleBE(timeMicros, 1);
  at = writeText(bytes, at, eventId);
  at = writeUnsigned(bytes, at, countOf(attributes));
  for (const name in attributes) {
    const value = attributes[name];
    at = writeText(bytes, at, name);
    if (typeof value === 'string') {
      bytes[at++] = KIND_TEXT;
      at = writeText(bytes, at, value);
    } else if (typeof value === 'number') {
      bytes[at++] = KIND_NUMBER;
      at = bytes.writeDoubleBE(value, at);
    } else bytes[at++] = value ? KIND_TRUE : KIND_FALSE;
  }
  return at;
}

function writeText(bytes: Buffer, at: number, text: string): number {
  // One call writes a text whose size is not known yet: room for the length is left before it, and closed if it was too much.
  const room = sizeOfUnsigned(2 * text.length);
  const written = bytes.write(text, at + room);
  const isPlain = written === text.length;
  const length = 2 * written + (isPlain ? 0 : 1);
  const needed = sizeOfUnsigned(length);
  if (needed !== room) bytes.copyWithin(at + needed, at + room, at + room + written);
  return writeUnsigned(bytes, at, length) + written;
}

function countOf(attributes: Attributes): number {
  let count = 0;
  for (const _name in attributes) count++;
  return count;
}
