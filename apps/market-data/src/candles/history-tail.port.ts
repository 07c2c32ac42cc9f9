import type { Lane, Position } from '@distributary/distribution-core';
import type { ArchiveRow } from '../archive/archive-row.js';

export interface TailRead {
  /** Those of the symbols alone, in the lane's order. */
  readonly rows: readonly ArchiveRow[];
  /** Where the reading ended: everything up to here was looked at. */
  readonly end: Position;
  /** The log has lost events right after where the reading should have begun, up to and including this position. */
  readonly lostUpTo?: Position;
}

/**
 * The events that the archive does not have yet.
 *
 * Order and copies: as every other reader of the lane sees it, so a second copy of an event within the dedupe window is left
 * out, also if the first one lies at or before `after`.
 *
 * Bound: a read that would give more rows than the implementation holds rejects with `gateway.full`.
 */
export interface HistoryTail {
  /** The present lanes of the topic in which events of the symbols may lie; none of one that the broker does not have. */
  lanes(topic: string, symbols: readonly string[]): Promise<readonly Lane[]>;
  /**
   * Everything after the position that is there when it is called. Never waits for new events. Gives others their turn
   * while it reads, and rejects with the signal's reason when that aborts.
   */
  eventsAfter(lane: Lane, after: Position, symbols: readonly string[], signal: AbortSignal): Promise<TailRead>;
}
