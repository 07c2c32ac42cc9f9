import type { GroupCommit, LanePosition } from '@distributary/distribution-core';
import { invalidRequest } from '@distributary/distribution-core';
import type { LmdbStore } from './lmdb-store.js';

const MAX_NAME_BYTES = 512;

interface GroupRow {
  readonly epoch: string;
  readonly position: string;
}

export function checkGroupName(group: string): void {
  if (group === '' || group.includes('\0') || Buffer.byteLength(group) > MAX_NAME_BYTES) {
    throw invalidRequest([{ path: 'group', rule: `must have 1 to ${MAX_NAME_BYTES} bytes, none of them zero` }]);
  }
}

/** Within a write transaction. */
export function putGroupPositions(store: LmdbStore, { group, positions }: GroupCommit): void {
  for (const { topic, partition, epoch, position } of positions) {
    const row: GroupRow = { epoch, position };
    store.groups.putSync([group, topic, partition], row);
  }
}

export function readGroupPositions(store: LmdbStore, group: string): LanePosition[] {
  return [...rowsOf(store, group)].map(({ key, value }) => ({
    topic: key[1] as string,
    partition: key[2] as number,
    ...(value as GroupRow),
  }));
}

/** Within a write transaction. */
export function removeGroup(store: LmdbStore, group: string): void {
  for (const { key } of [...rowsOf(store, group)]) store.groups.removeSync(key);
}

function rowsOf(store: LmdbStore, group: string) {
  return store.groups.getRange({ start: [group], end: [group, '\uffff'] });
}
