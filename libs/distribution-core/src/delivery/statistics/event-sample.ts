import type { EventBatch } from '../../event-batch.js';

const HASH_RANGE = 2 ** 32;

/**
 * A share of all events: those whose id hashes below it. So every process, and every feed, picks the same ones, and a larger
 * share has all events of a smaller one. Looks at each event of a batch once, at the bytes of its id.
 */
export class EventSample {
  private readonly threshold: number;
  private readonly picked = new WeakMap<EventBatch, Uint32Array>();

  /** `share`: 0 to 1. */
  constructor(share: number) {
    this.threshold = share * HASH_RANGE;
  }

  /** Places of its events in a batch, ascending. */
  indexesIn(batch: EventBatch): Uint32Array {
    let indexes = this.picked.get(batch);
    if (indexes === undefined) this.picked.set(batch, (indexes = this.pick(batch)));
    return indexes;
  }

  includes(batch: EventBatch, index: number): boolean {
    const { ids } = batch;
    return hashOf(ids.bytes, ids.startOf(index), ids.ends[index]) < this.threshold;
  }

  private pick(batch: EventBatch): Uint32Array {
    const found: number[] = [];
    if (this.threshold > 0) {
      for (let index = 0; index < batch.count; index++) if (this.includes(batch, index)) found.push(index);
    }
    return Uint32Array.from(found);
  }
}

/** FNV-1a, stirred: ids of neighbours differ in their last digits, and FNV stirs those least. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
