import type { Lane, Position } from '@distributary/distribution-core';
import { type ArchiveBatch, type ArchiveRow, laneKey, rowBytes } from './archive-row.js';
import type { ArchiveFile } from './archive-file.js';
import { dayOf } from './utc-day.js';

/** Rows that will be one file: neighbours of one lane, of one day. */
export interface Run {
  readonly lane: Lane;
  readonly day: number;
  readonly followsGap: boolean;
  readonly rows: ArchiveRow[];
  bytes: number;
}

export interface LanePlace {
  readonly last: Position;
  readonly day: number;
}

/** What is to be said about a run's file. */
export function fileOf({ lane, day, followsGap, rows }: Run): ArchiveFile {
  let minTimeMicros = Number.POSITIVE_INFINITY;
  let maxTimeMicros = 0;
  for (const { timeMicros } of rows) {
    minTimeMicros = Math.min(minTimeMicros, timeMicros);
    maxTimeMicros = Math.max(maxTimeMicros, timeMicros);
  }
  const first = rows[0].position;
  const last = rows[rows.length - 1].position;
  return { lane, day, first, last, rows: rows.length, minTimeMicros, maxTimeMicros, followsGap };
}

/**
 * Rows that wait for their file, cut into runs. A lane's days never go back: a row whose broker's time is a little earlier
 * than that of the row before, just after midnight, stays in the new day, or the files of two days would interleave.
 */
export class RowBuffer {
  private runs: Run[] = [];
  private readonly open = new Map<string, Run>();
  rows = 0;
  bytes = 0;
  /** Broker's time of the first row that came into the empty buffer. */
  oldestMicros: number | undefined;

  get isEmpty(): boolean {
    return this.rows === 0;
  }

  /** Returns the day that the lane has reached. `firstDay`: rows of earlier days are left out, and counted. */
  add(batch: ArchiveBatch, reachedDay: number, firstDay: number): { readonly day: number; readonly leftOut: number } {
    const key = laneKey(batch.lane);
    let day = reachedDay;
    let leftOut = 0;
    let followsGap = batch.followsGap === true;
    for (const row of batch.rows) {
      day = Math.max(day, dayOf(row.brokerMicros));
      if (day < firstDay) {
        leftOut++;
        continue;
      }
      let run = this.open.get(key);
      if (run === undefined || run.day !== day || followsGap) {
        run = { lane: batch.lane, day, followsGap, rows: [], bytes: 0 };
        this.open.set(key, run);
        this.runs.push(run);
        followsGap = false;
      }
      run.rows.push(row);
      run.bytes += rowBytes(row);
      this.rows++;
      this.bytes += rowBytes(row);
      this.oldestMicros ??= row.brokerMicros;
    }
    return { day, leftOut };
  }

  /** All runs, in an order in which each lane's are in its own; the buffer is empty then. */
  take(): Run[] {
    const taken = this.runs;
    this.runs = [];
    this.open.clear();
    this.rows = 0;
    this.bytes = 0;
    this.oldestMicros = undefined;
    return taken;
  }
}
