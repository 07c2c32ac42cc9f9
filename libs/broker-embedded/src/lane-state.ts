import type { Position } from '@distributary/distribution-core';
import { BEFORE_FIRST, positionOfOffset } from '@distributary/distribution-core';
import type { LmdbStore } from './lmdb-store.js';

/** What is in a lane: offsets [first, next). Offsets have no holes, so that their difference is the count of events. */
export interface LaneState {
  readonly first: number;
  readonly next: number;
  readonly bytes: number;
  /** Of the newest record ever; later ones are never stamped earlier, so that time can be searched. */
  readonly lastMicros: number;
}

export function readLaneState(store: LmdbStore, laneId: number): LaneState {
  const row = store.lanes.get(laneId);
  if (row === undefined) return { first: 0, next: 0, bytes: 0, lastMicros: 0 };
  const view = new DataView(row.buffer, row.byteOffset, row.length);
  return {
    first: view.getFloat64(0, true),
    next: view.getFloat64(8, true),
    bytes: view.getFloat64(16, true),
    lastMicros: view.getFloat64(24, true),
  };
}

export function writeLaneState(store: LmdbStore, laneId: number, state: LaneState): void {
  const row = Buffer.allocUnsafe(32);
  row.writeDoubleLE(state.first, 0);
  row.writeDoubleLE(state.next, 8);
  row.writeDoubleLE(state.bytes, 16);
  row.writeDoubleLE(state.lastMicros, 24);
  store.lanes.putSync(laneId, row);
}

/** "Everything before this offset is dealt with." */
export function positionBefore(offset: number): Position {
  return offset === 0 ? BEFORE_FIRST : positionOfOffset(offset - 1);
}

const TOTAL = 0;

/** Bytes of all records of the directory, deleted topics included until they are swept. */
export function readTotalBytes(store: LmdbStore): number {
  return store.lanes.get(TOTAL)?.readDoubleLE(0) ?? 0;
}

export function addTotalBytes(store: LmdbStore, bytes: number): void {
  const row = Buffer.allocUnsafe(8);
  row.writeDoubleLE(readTotalBytes(store) + bytes, 0);
  store.lanes.putSync(TOTAL, row);
}
