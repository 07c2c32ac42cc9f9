import type { EventBatch, Lane } from '@distributary/distribution-core';
import { BatchBuilder, type BatchSpace } from './batch-builder.js';
import type { ForeignDecoder } from './foreign-record.js';
import { datedMs } from './record-batch.js';
import { type AbortedTransaction, type JudgedBatch, judgedBatches } from './record-set.js';

/** Neighbours that the broker took within so long become one batch: small appends would cost readers a batch each. */
const JOINED_WITHIN_MS = 10;

export interface Fetched {
  readonly batches: readonly EventBatch[];
  /** Where to read on: behind everything that was looked at, what readers may not see included. */
  readonly next: number;
  readonly abortedEvents: number;
}

/** What is to be read of an answer from `from` on. `RangeError` if it is damaged. */
export function fetchedBatches(
  lane: Lane,
  bytes: Buffer,
  aborted: readonly AbortedTransaction[],
  from: number,
  space: BatchSpace,
  decode: ForeignDecoder,
): Fetched {
  const batches: EventBatch[] = [];
  let joined: JudgedBatch[] = [];
  let next = from;
  let abortedEvents = 0;
  const finish = () => {
    if (joined.length === 0) return;
    const rows = joined.reduce((sum, { head }) => sum + head.count, 0);
    const builder = new BatchBuilder(lane, datedMs(joined[0].head.maxTimeMs) * 1000, rows, space, decode);
    for (const { head, records } of joined) builder.put(head, records(), from);
    const batch = builder.batch();
    if (batch !== undefined) batches.push(batch);
    joined = [];
  };
  for (const judged of judgedBatches(bytes, aborted, from)) {
    const { head, verdict } = judged;
    next = head.lastOffset + 1;
    if (verdict === 'aborted') abortedEvents += head.count;
    if (verdict !== 'visible') continue;
    if (joined.length > 0 && Math.abs(head.maxTimeMs - joined[0].head.maxTimeMs) > JOINED_WITHIN_MS) finish();
    joined.push(judged);
  }
  finish();
  return { batches, next, abortedEvents };
}
