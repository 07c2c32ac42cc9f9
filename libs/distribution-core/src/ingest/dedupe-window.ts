import type { EventBatch } from '../event-batch.js';
import { HashRing } from './hash-ring.js';

export const DEDUPE_WINDOW_MS = 120_000;
export const DEDUPE_WINDOW_EVENTS = 100_000;

/** The one column of the ring. */
const MICROS = 0;

export interface DedupeWindowOptions {
  readonly windowMs?: number;
  readonly maxEvents?: number;
}

/**
 * The ids of the last events of one lane, by the broker's time and at most so many. An event is a copy if its id is
 * among them. Copies count as events themselves: what is a copy then depends on the window before it alone, so that
 * every reader that starts one window early agrees with every other. At most about 4 MB.
 */
export class DedupeWindow {
  private readonly windowMicros: number;
  private readonly maxEvents: number;
  private readonly ring = new HashRing(1);

  constructor(options: DedupeWindowOptions = {}) {
    this.windowMicros = (options.windowMs ?? DEDUPE_WINDOW_MS) * 1000;
    this.maxEvents = options.maxEvents ?? DEDUPE_WINDOW_EVENTS;
  }

  /** Events in the window. */
  get size(): number {
    return this.ring.size;
  }

  get byteLength(): number {
    return this.ring.byteLength;
  }

  /** Records the id as the lane's newest; true if it is a copy. To be called in the order of the lane. */
  seen(eventId: string, brokerMicros: number): boolean {
    const bytes = Buffer.from(eventId);
    this.forgetBefore(brokerMicros);
    return this.add(bytes, 0, bytes.length, brokerMicros);
  }

  /** 1 for each event that is a copy; undefined if none is. Every batch of the lane must pass, in order, once. */
  markDuplicates(batch: EventBatch): Uint8Array | undefined {
    const { appendedMicros, count } = batch;
    const { bytes, ends, first, gap } = batch.ids;
    let marked: Uint8Array | undefined;
    this.forgetBefore(appendedMicros);
    let from = first;
    for (let index = 0; index < count; index++) {
      const to = ends[index];
      if (this.add(bytes, from, to, appendedMicros)) {
        marked ??= new Uint8Array(count);
        marked[index] = 1;
      }
      from = to + gap;
    }
    return marked;
  }

  private add(bytes: Uint8Array, from: number, to: number, brokerMicros: number): boolean {
    const { ring } = this;
    if (ring.size >= this.maxEvents) ring.dropOldest();
    const isKnown = ring.addBytes(bytes, from, to);
    ring.set(ring.newest, MICROS, brokerMicros);
    return isKnown;
  }

  private forgetBefore(brokerMicros: number): void {
    const { ring } = this;
    const oldestMicros = brokerMicros - this.windowMicros;
    while (ring.size > 0 && ring.valueOf(ring.oldest, MICROS) < oldestMicros) ring.dropOldest();
  }
}
