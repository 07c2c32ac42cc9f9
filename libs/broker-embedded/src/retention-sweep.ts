import type { EmbeddedMetrics } from './embedded-metrics.js';
import { addTotalBytes, type LaneState, readLaneState, writeLaneState } from './lane-state.js';
import type { LmdbStore, RecordKey } from './lmdb-store.js';
import type { StoredLane } from './topic-table.js';

/**
 * What one step removes: a step holds the lock that appends of all processes wait for. It is small for a second
 * reason: the store notes freed pages in pages of its own, and a long note finds no room on a full disk.
 */
const STEP_RECORDS = 64;
const STEP_BYTES = 256 * 1024;

/** Within an append's transaction: a lane over its size gives up its oldest records as it grows, so the file stays flat. */
export function trimToSize(
  store: LmdbStore,
  lane: StoredLane,
  state: LaneState,
  addedBytes: number,
  metrics: EmbeddedMetrics,
): LaneState {
  const { bytes } = lane.retention;
  if (bytes === 0 || state.bytes <= bytes) return state;
  // Twice what came: a lane that was over its size when its retention was shortened gets there too.
  const step = Math.max(STEP_BYTES, 2 * addedBytes);
  return removeWhile(store, lane.laneId, state, metrics, (_, left) => left.bytes > bytes, step);
}

/** One step of one lane, within a write transaction; true if there may be more to remove. */
export function sweepLane(store: LmdbStore, lane: StoredLane, nowMicros: number, metrics: EmbeddedMetrics): boolean {
  const { ms, bytes } = lane.retention;
  const oldestMicros = ms === 0 ? 0 : nowMicros - ms * 1000;
  const before = readLaneState(store, lane.laneId);
  const after = removeWhile(store, lane.laneId, before, metrics, ([, , , , micros], left) => {
    return micros < oldestMicros || (bytes > 0 && left.bytes > bytes);
  });
  if (after === before) return false;
  writeLaneState(store, lane.laneId, after);
  addTotalBytes(store, after.bytes - before.bytes);
  return true;
}

/** One step of the lane of a deleted topic; true if there may be more to remove. */
export function sweepDeadLane(store: LmdbStore, laneId: number, metrics: EmbeddedMetrics): boolean {
  const before = readLaneState(store, laneId);
  const after = removeWhile(store, laneId, before, metrics, () => true);
  if (after === before) return false;
  writeLaneState(store, laneId, after);
  addTotalBytes(store, after.bytes - before.bytes);
  return true;
}

/** Removes whole records, oldest first. */
function removeWhile(
  store: LmdbStore,
  laneId: number,
  state: LaneState,
  metrics: EmbeddedMetrics,
  isDue: (key: RecordKey, left: LaneState) => boolean,
  stepBytes = STEP_BYTES,
): LaneState {
  const due: RecordKey[] = [];
  let left = state;
  const range = { start: [laneId, state.first], end: [laneId, Infinity], limit: STEP_RECORDS } as const;
  for (const key of store.records.getKeys(range as never)) {
    if (!isDue(key, left) || state.bytes - left.bytes >= stepBytes) break;
    due.push(key);
    const [, first, count, bytes] = key;
    left = { ...left, first: first + count, bytes: left.bytes - bytes };
  }
  for (const key of due) store.records.removeSync(key);
  if (left !== state) metrics.deleted(left.first - state.first);
  return left;
}
