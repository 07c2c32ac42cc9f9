import { DistributionError, type Lane, type Position } from '@distributary/distribution-core';
import { type ArchiveFile, pathOf } from './archive-file.js';
import { laneKey } from './archive-row.js';

/** The files of one lane in its order, none overlapping another. */
export interface FileChain {
  readonly lane: Lane;
  readonly files: readonly ArchiveFile[];
}

export interface Chains {
  /** By {@link laneKey}. */
  readonly chains: ReadonlyMap<string, FileChain>;
  /** Merged into another file: nobody reads them, and they may go. */
  readonly covered: readonly ArchiveFile[];
}

const byPlace = (one: ArchiveFile, other: ArchiveFile): number => {
  if (one.first !== other.first) return one.first < other.first ? -1 : 1;
  // The longer one first: it covers the other.
  if (one.last !== other.last) return one.last > other.last ? -1 : 1;
  return 0;
};

/**
 * Which files count. A merge leaves its sources beside the merged file for a while, and a crash leaves them for longer;
 * what lies within another file's range is covered by it. Ranges that overlap otherwise were never written by us: then
 * somebody wrote who did not have the archive to themselves, and `internal` names both.
 */
export function chainsOf(files: readonly ArchiveFile[]): Chains {
  const byLane = new Map<string, ArchiveFile[]>();
  for (const file of files) {
    const key = laneKey(file.lane);
    const known = byLane.get(key);
    if (known === undefined) byLane.set(key, [file]);
    else known.push(file);
  }
  const chains = new Map<string, FileChain>();
  const covered: ArchiveFile[] = [];
  for (const [key, unordered] of byLane) {
    const kept: ArchiveFile[] = [];
    for (const file of unordered.sort(byPlace)) {
      const before = kept.at(-1);
      if (before === undefined || file.first > before.last) kept.push(file);
      else if (file.last <= before.last) covered.push(file);
      else throw new DistributionError('internal', `archive files overlap: ${pathOf(before)} and ${pathOf(file)}`);
    }
    chains.set(key, { lane: kept[0].lane, files: kept });
  }
  return { chains, covered };
}

/** Everything of the lane up to here, this event included, is in the archive; undefined if nothing is. */
export const archivedTo = (chain: FileChain | undefined): Position | undefined => chain?.files.at(-1)?.last;
