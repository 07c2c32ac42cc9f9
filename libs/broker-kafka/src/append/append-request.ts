import type { Appended, EventRecord, GroupCommit, LaneAppend } from '@distributary/distribution-core';
import { positionOfOffset } from '@distributary/distribution-core';

/** Header, index and key of an event, roughly. */
export const EVENT_OVERHEAD_BYTES = 96;
/** One record batch holds no more than this before it is packed, unless a single event is larger. */
export const MAX_BATCH_BYTES = 768 * 1024;

/** One call of `append`, from its admission to its answer. */
export interface AppendRequest {
  readonly appends: readonly LaneAppend[];
  readonly commit: GroupCommit | undefined;
  readonly bytes: number;
  /** By `Clock.monotonicMs`: then its caller is told `broker.unavailable`, and nothing is begun for it any more. */
  readonly deadlineMs: number;
  /** These two once nothing of it is under way any more. */
  resolve(appended: readonly Appended[]): void;
  reject(error: unknown): void;
}

export const bytesOf = (records: readonly EventRecord[]): number => {
  let bytes = 0;
  for (const { value } of records) bytes += value.length + EVENT_OVERHEAD_BYTES;
  return bytes;
};

export interface LanePlaceName {
  readonly topic: string;
  readonly partition: number;
}

export function appended({ topic, partition }: LanePlaceName, epoch: string, first: number, last: number): Appended {
  return { lane: { topic, partition, epoch }, first: positionOfOffset(first), last: positionOfOffset(last) };
}

/** Kafka's sequence numbers go from the largest back to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31;
}
