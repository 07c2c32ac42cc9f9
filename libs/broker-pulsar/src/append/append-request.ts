import type { Appended, EventRecord, Lane } from '@distributary/distribution-core';

/** One lane's part of an append, until all of its messages are confirmed. */
export interface LaneRequest {
  readonly lane: Lane;
  readonly records: readonly EventRecord[];
  readonly bytes: number;
  readonly startedMs: number;
  /** Then it is rejected with `broker.unavailable`. */
  readonly deadlineMs: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** What each event costs beside its value. */
export const EVENT_OVERHEAD_BYTES = 256;
