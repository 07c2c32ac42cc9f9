import type { AttributeValue } from './event.js';
import { EventIds } from './event-ids.js';

/** The head of an encoded batch: JSON, with its fields in this order. */
export interface BatchHeader {
  readonly count: number;
  readonly appendedMicros: number;
  readonly ids: readonly string[];
  readonly columns: readonly (readonly [name: string, dictionary: readonly AttributeValue[]])[];
}

export type ReadHeader = Omit<BatchHeader, 'ids'> & { readonly ids: EventIds };

const IDS_FIELD = Buffer.from('"ids":[');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A quote, a comma, a quote. */
const BETWEEN_IDS_BYTES = 3;

/**
 * The header that lies from `from` to `to`. Its ids are left as they lie there: to parse them was more than all else that
 * reading a batch costs. `SyntaxError` if it is damaged.
 */
export function readHeader(bytes: Buffer, from: number, to: number): ReadHeader {
  const idsAt = bytes.indexOf(IDS_FIELD, from) + IDS_FIELD.length;
  const before = bytes.toString('utf8', from, idsAt);
  const count = Number(/"count":(\d+)/.exec(before)?.[1]);
  const ids = plainIds(bytes, idsAt, to, count);
  if (ids === undefined) {
    const header = JSON.parse(bytes.toString('utf8', from, to)) as BatchHeader;
    return { ...header, ids: EventIds.of(header.ids) };
  }
  const closedAt = count === 0 ? idsAt : ids.ends[count - 1] + 1;
  return { ...(JSON.parse(before + bytes.toString('utf8', closedAt, to)) as BatchHeader), ids };
}

/** Undefined if one of them does not stand there as it is, but with an escape sequence, or has no end. */
function plainIds(bytes: Buffer, from: number, to: number, count: number): EventIds | undefined {
  const ends = new Uint32Array(count);
  let at = from + 1;
  for (let row = 0; row < count; row++) {
    for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[++at]) if (byte === BACKSLASH || at >= to) return undefined;
    ends[row] = at;
    at += BETWEEN_IDS_BYTES;
  }
  return new EventIds(bytes, ends, from + 1, BETWEEN_IDS_BYTES);
}
