import type { EventBatch, EventRecord } from '@distributary/distribution-core';
import { decodeEventBatch, densePositions, encodeEventBatch } from '@distributary/distribution-core';
import type { StoredLane } from './topic-table.js';
import type { LmdbStore, RecordKey } from './lmdb-store.js';

/** A read copies out no more than this, whatever it was asked for: it holds a snapshot and the loop while it does. */
export const MAX_READ_BYTES = 1024 * 1024;
/** A longer append becomes several records, so that reading and trimming go in bounded steps. */
const RECORD_TARGET_BYTES = 256 * 1024;
/** Header, index and key of an event, roughly. */
export const EVENT_OVERHEAD_BYTES = 96;

/** The record that holds this offset, or the nearest one before it. */
export function recordKeyAt(store: LmdbStore, laneId: number, offset: number): RecordKey | undefined {
  const range = { start: [laneId, offset + 0.5], end: [laneId], reverse: true, limit: 1 } as const;
  for (const key of store.records.getKeys(range as never)) return key;
  return undefined;
}

/** Batches from `offset` on, which must be in the lane. At least one record, then as many as fit. */
export function readBatches(store: LmdbStore, lane: StoredLane, offset: number, maxBytes: number): EventBatch[] {
  const start = recordKeyAt(store, lane.laneId, offset);
  if (start === undefined) return [];
  const budget = Math.min(maxBytes, MAX_READ_BYTES);
  const batches: EventBatch[] = [];
  let bytes = 0;
  for (const { key, value } of store.records.getRange({ start, end: [lane.laneId, Infinity] as never })) {
    const [, first, count, size] = key;
    if (bytes > 0 && bytes + size > budget) break;
    bytes += size;
    const stored = Buffer.from(value.buffer, value.byteOffset, value.length);
    const batch = decodeEventBatch(lane, densePositions(first, count), stored);
    batches.push(first < offset ? fromOffset(lane, batch, first, offset) : batch);
    if (bytes >= budget) break;
  }
  return batches;
}

/** Who resumes in the middle of a record gets the rest of it. Rare, so it is simply made anew. */
function fromOffset(lane: StoredLane, batch: EventBatch, first: number, offset: number): EventBatch {
  const rest: EventRecord[] = [];
  for (let index = offset - first; index < batch.count; index++) rest.push(batch.recordAt(index));
  return decodeEventBatch(lane, densePositions(offset, rest.length), encodeEventBatch(rest, batch.appendedMicros));
}

/** Within a write transaction. Returns the bytes it took. */
export function putRecords(
  store: LmdbStore,
  laneId: number,
  firstOffset: number,
  records: readonly EventRecord[],
  appendedMicros: number,
): number {
  let total = 0;
  let from = 0;
  while (from < records.length) {
    let to = from;
    let size = 0;
    do size += records[to++].value.length + EVENT_OVERHEAD_BYTES;
    while (to < records.length && size + records[to].value.length <= RECORD_TARGET_BYTES);
    const run = from === 0 && to === records.length ? records : records.slice(from, to);
    const bytes = encodeEventBatch(run, appendedMicros, (size) => store.scratch(size));
    store.records.putSync([laneId, firstOffset + from, run.length, bytes.length, appendedMicros], bytes);
    total += bytes.length;
    from = to;
  }
  return total;
}

/** The first offset in [from, to) whose record was appended at or after `timeMicros`; `to` if there is none. */
export function offsetAtTime(store: LmdbStore, laneId: number, from: number, to: number, timeMicros: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const key = recordKeyAt(store, laneId, middle);
    if (key === undefined) return to;
    const [, first, count, , appendedMicros] = key;
    if (appendedMicros >= timeMicros) high = Math.max(first, from);
    else low = first + count;
  }
  return low;
}
