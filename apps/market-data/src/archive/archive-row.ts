import type { Lane, Position, Problem } from '@distributary/distribution-core';

/** One event on its way into the archive. Times are epoch microseconds, whole and not negative. */
export interface ArchiveRow {
  readonly position: Position;
  readonly eventId: string;
  /** When it happened, as the event says. */
  readonly timeMicros: number;
  /** When the broker took it. */
  readonly brokerMicros: number;
  readonly symbol: string;
  readonly exchange: string;
  readonly currency: string;
  readonly dataType: string;
  /** A number as decimal text (`150.25`, `1e-8`); undefined if the event has none. Never a double. */
  readonly price: string | undefined;
  readonly volume: bigint | undefined;
  /** The event as it lies in the log. The archive may keep a reference until the row is on disk. */
  readonly value: Uint8Array;
}

/** Neighbours of one lane, in its order. */
export interface ArchiveBatch {
  readonly lane: Lane;
  readonly rows: readonly ArchiveRow[];
  /** The log had lost events between the last batch of the lane and this one: the archive will say so to readers. */
  readonly followsGap?: boolean;
}

/** Names a lane within maps of a process, its epoch included. */
export const laneKey = ({ topic, partition, epoch }: Lane): string => `${topic}#${partition}@${epoch}`;

const isMicros = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** What is wrong with a batch that should follow `after`; an empty list if nothing is. Stops at the first bad row. */
export function batchProblems(batch: ArchiveBatch, after: Position): readonly Problem[] {
  let last = after;
  for (const [index, row] of batch.rows.entries()) {
    const problems: Problem[] = [];
    const refuse = (field: keyof ArchiveRow, rule: string) => problems.push({ path: `rows[${index}].${field}`, rule });
    if (row.position <= last) refuse('position', `must follow ${JSON.stringify(last)} in the order of the lane`);
    if (!isMicros(row.timeMicros)) refuse('timeMicros', 'must be whole epoch microseconds');
    if (!isMicros(row.brokerMicros)) refuse('brokerMicros', 'must be whole epoch microseconds');
    if (problems.length > 0) return problems;
    last = row.position;
  }
  return [];
}

const ROW_OVERHEAD_BYTES = 250;

/** About what a row takes in memory while it waits. */
export const rowBytes = (row: ArchiveRow): number => row.value.byteLength + ROW_OVERHEAD_BYTES;
