import { decodeEventBatch, encodeEventBatch, type EventBatch } from '@distributary/distribution-core';

/** The batch without the events that `skip` marks; undefined if none is left. Copies are rare, so it may cost something. */
export function withoutCopies(batch: EventBatch, skip: Uint8Array | undefined): EventBatch | undefined {
  if (skip === undefined || !skip.includes(1)) return batch;
  const kept = Array.from({ length: batch.count }, (_, index) => index).filter((index) => skip[index] !== 1);
  if (kept.length === 0) return undefined;
  const positions = {
    at: (index: number) => batch.positions.at(kept[index]),
    indexAfter: (position: string) => {
      const index = batch.positions.indexAfter(position);
      return kept.filter((one) => one < index).length;
    },
  };
  const records = kept.map((index) => batch.recordAt(index));
  return decodeEventBatch(batch.lane, positions, encodeEventBatch(records, batch.appendedMicros));
}
