import { BEFORE_FIRST, type Lane, type LanePosition, type Position } from '@distributary/distribution-core';
import type { ArchiveDisk } from '../archive/archive-disk.js';
import type { ArchiveFile } from '../archive/archive-file.js';
import { type ArchiveRow, laneKey } from '../archive/archive-row.js';
import { rethrowTranslated } from '../archive/duckdb.errors.js';
import { archivedTo, chainsOf, type FileChain } from '../archive/file-chain.js';
import type { HistoryRange } from './history-request.js';
import type { HistoryTail } from './history-tail.port.js';

/** A range (from, to] of a lane in which events may be missing for good: the log lost them before they were archived. */
export interface HistoryGap {
  readonly lane: Lane;
  readonly from: Position;
  readonly to: Position;
}

/** All there is to read for a range, archive and log put together: every event in exactly one of the two. */
export interface SeamedSources {
  readonly files: readonly ArchiveFile[];
  readonly live: readonly { readonly lane: Lane; readonly rows: readonly ArchiveRow[] }[];
  /** Where this history ends, by lane: what comes live after these positions follows it without hole or copy. */
  readonly ends: readonly LanePosition[];
  readonly gaps: readonly HistoryGap[];
  /** None of the symbols' events that the log alone has happened before this time; infinite if there is none. */
  readonly tailFromMicros: number;
}

/**
 * Lists the archive first and reads the log from where that listing ends. Whatever the writer does in the meantime, the
 * listing stays what it was: its files are read, and files that appear later hold what was read from the log. Rejects with
 * the signal's reason when it aborts, with `store.unavailable` when the archive cannot be listed.
 */
export async function seamedSources(
  disk: Pick<ArchiveDisk, 'list'>,
  tail: HistoryTail,
  range: HistoryRange,
  signal: AbortSignal,
): Promise<SeamedSources> {
  const { chains } = chainsOf(await disk.list(range.topics).catch(rethrowTranslated));
  const asked = range.ends && new Map(range.ends.map((end) => [laneKey(end), end.position]));
  const positions = new Map<string, LanePosition>();
  for (const [key, chain] of chains) {
    positions.set(key, { ...chain.lane, position: archivedTo(chain) ?? BEFORE_FIRST });
  }
  const live: SeamedSources['live'][number][] = [];
  let tailFromMicros = range.tailFromMicros ?? Number.POSITIVE_INFINITY;
  const isBeforeTail = range.ends !== undefined && range.endMicros <= (range.tailFromMicros ?? 0);
  const gaps = [...chains.values()].flatMap((chain) => gapsOf(chain, range));
  for (const topic of isBeforeTail ? [] : range.topics) {
    for (const lane of await tail.lanes(topic, range.symbols)) {
      const key = laneKey(lane);
      const after = positions.get(key)?.position ?? BEFORE_FIRST;
      const end = asked?.get(key);
      // A later page whose end the archive has passed, or of a lane that the first page did not know.
      if (asked !== undefined && (end === undefined || end <= after)) continue;
      const read = await tail.eventsAfter(lane, after, range.symbols, signal);
      positions.set(key, { ...lane, position: read.end });
      for (const { timeMicros } of read.rows) tailFromMicros = Math.min(tailFromMicros, timeMicros);
      live.push({ lane, rows: read.rows.filter((row) => isWanted(row, range, end)) });
      if (read.lostUpTo !== undefined) gaps.push({ lane, from: after, to: read.lostUpTo });
    }
  }
  const files = [...chains.values()].flatMap((chain) =>
    chain.files.filter((file) => file.minTimeMicros < range.endMicros && file.maxTimeMicros >= range.startMicros),
  );
  const ends = range.ends ?? [...positions.values()];
  return { files, live: live.filter(({ rows }) => rows.length > 0), ends, gaps, tailFromMicros };
}

const isWanted = ({ position, timeMicros }: ArchiveRow, range: HistoryRange, end: Position | undefined): boolean =>
  timeMicros >= range.startMicros && timeMicros < range.endMicros && (end === undefined || position <= end);

function gapsOf({ lane, files }: FileChain, { startMicros, endMicros }: HistoryRange): readonly HistoryGap[] {
  return files.flatMap((file, index) => {
    const before = files.at(index - 1);
    if (!file.followsGap || index === 0 || before === undefined) return [];
    const isInRange = before.minTimeMicros < endMicros && file.maxTimeMicros >= startMicros;
    return isInRange ? [{ lane, from: before.last, to: file.first }] : [];
  });
}
