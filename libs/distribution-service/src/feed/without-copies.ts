import { decodeEventBatch, encodeEventBatch, type EventBatch, listedPositions } from '@distributary/distribution-core';

/** The batch without the events that `skip` marks; undefined if none is left. Copies are rare, so it may cost something. */
export function withoutCopies(batch: EventBatch, skip: Uint8Array | undefined): EventBatch | undefined {
  if (skip === undefined || !skip.includes(1)) return batch;
  const kept = Array.from({ length: batch.count }, (_, index) => index).filter((index) => skip[index] !== 1);
  if (kept.length === 0) return undefined;
  const positions = listedPositions(kept.map((index) => batch.positions.at(index)));
  const records = kept.map((index) => batch.recordAt(index));
  return decodeEventBatch(batch.lane, positions, encodeEventBatch(records, batch.appendedMicros));
}
