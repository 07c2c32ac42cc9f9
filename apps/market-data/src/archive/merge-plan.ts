import type { ArchiveFile } from './archive-file.js';

/** A file and its size on disk. */
export interface SizedFile {
  readonly file: ArchiveFile;
  readonly bytes: number;
}

export interface MergeLimits {
  /** Files of this size are not merged any more, and a merge stops before it gets much larger. */
  readonly targetBytes: number;
  /** So many neighbours of one size become one file. */
  readonly fanIn: number;
}

/** Each level's files are up to eight times as large as those of the level before: a row is written once per level. */
const LEVEL_STEP = 8;
const FIRST_LEVEL_BYTES = 256 * 1024;

function levelOf(bytes: number, { targetBytes }: MergeLimits): number {
  if (bytes >= targetBytes) return Number.POSITIVE_INFINITY;
  let level = 0;
  for (let limit = FIRST_LEVEL_BYTES; bytes >= limit; limit *= LEVEL_STEP) level++;
  return level;
}

/** Stretches of neighbours that may become one file: of one day, with no gap inside, none of them full. */
function* stretchesOf(files: readonly SizedFile[], limits: MergeLimits): Generator<readonly SizedFile[]> {
  let stretch: SizedFile[] = [];
  for (const each of files) {
    const before = stretch.at(-1);
    const isFull = each.bytes >= limits.targetBytes;
    if (before !== undefined && (before.file.day !== each.file.day || each.file.followsGap || isFull)) {
      yield stretch;
      stretch = [];
    }
    if (!isFull) stretch.push(each);
  }
  yield stretch;
}

/** The first neighbours of it that together reach the target, or all. */
function upToTarget(files: readonly SizedFile[], { targetBytes }: MergeLimits): readonly SizedFile[] {
  let bytes = 0;
  const end = files.findIndex((each) => (bytes += each.bytes) >= targetBytes);
  return end === -1 ? files : files.slice(0, end + 1);
}

/** The first `fanIn` or more of one level, with what is smaller between and after them. */
function neighboursOfOneLevel(stretch: readonly SizedFile[], limits: MergeLimits): readonly SizedFile[] | undefined {
  const levels = stretch.map(({ bytes }) => levelOf(bytes, limits));
  for (const [from, level] of levels.entries()) {
    const end = levels.findIndex((each, index) => index > from && each > level);
    const to = end === -1 ? levels.length : end;
    if (levels.slice(from, to).filter((each) => each === level).length >= limits.fanIn) return stretch.slice(from, to);
  }
  return undefined;
}

/**
 * Which neighbours of a lane should become one file next; undefined if none. Of a day that is over all that is small
 * is merged; of the present day, `fanIn` neighbours of one level, so that what is large is not rewritten for what is small.
 */
export function nextMerge(
  files: readonly SizedFile[],
  presentDay: number,
  limits: MergeLimits,
): readonly SizedFile[] | undefined {
  for (const stretch of stretchesOf(files, limits)) {
    if (stretch.length < 2) continue;
    if (stretch[0].file.day < presentDay) {
      const merged = upToTarget(stretch, limits);
      if (merged.length > 1) return merged;
      continue;
    }
    const merged = neighboursOfOneLevel(stretch, limits);
    if (merged !== undefined) return upToTarget(merged, limits);
  }
  return undefined;
}

/** The file that the merged ones become. */
export function mergedFile(files: readonly SizedFile[]): ArchiveFile {
  const all = files.map(({ file }) => file);
  return {
    ...all[0],
    last: all[all.length - 1].last,
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    minTimeMicros: Math.min(...all.map(({ minTimeMicros }) => minTimeMicros)),
    maxTimeMicros: Math.max(...all.map(({ maxTimeMicros }) => maxTimeMicros)),
  };
}
