import type { EventBatch } from '../event-batch.js';
import type { EntryMatcher } from '../matching/entry-matcher.js';
import type { Position } from '../position.js';
import type { Run } from './outlet.js';

export interface Selected {
  readonly runs: Run[];
  readonly eventCount: number;
  readonly bytes: number;
  /** Everything up to here was looked at. */
  readonly pos: Position;
  /** Stopped by a limit before the end. */
  readonly isCut: boolean;
}

/**
 * `topic` is the catalog's name: a batch knows only what the broker calls its topic.
 *
 * Picks for one selection what the match index picks for all: the catch-up's half of matching.
 */
export class Selector {
  private scratch = new Uint32Array(1024);

  /** Indexes of the selected events of (after, upTo], in a scratch array that the next call overwrites. */
  indexes(
    matcher: EntryMatcher,
    topic: string,
    batch: EventBatch,
    skip: Uint8Array | undefined,
    after: Position,
    upTo: Position,
  ): Uint32Array {
    if (this.scratch.length < batch.count) this.scratch = new Uint32Array(batch.count);
    const from = batch.positions.indexAfter(after);
    const end = batch.lastPosition <= upTo ? batch.count : batch.positions.indexAfter(upTo);
    let count = matcher.match(topic, batch, skip, from, this.scratch);
    while (count > 0 && this.scratch[count - 1] >= end) count--;
    return this.scratch.subarray(0, count);
  }

  /** At most so many events (at least 1) and about so many bytes. */
  select(
    matcher: EntryMatcher,
    topic: string,
    batch: EventBatch,
    skip: Uint8Array | undefined,
    after: Position,
    upTo: Position,
    maxEvents: number,
    maxBytes: number,
  ): Selected {
    const runs: Run[] = [];
    let eventCount = 0;
    let bytes = 0;
    for (const index of this.indexes(matcher, topic, batch, skip, after, upTo)) {
      const eventBytes = batch.bytesOf(index, index + 1);
      if (eventCount >= maxEvents || (eventCount > 0 && bytes + eventBytes > maxBytes)) {
        return { runs, eventCount, bytes, pos: batch.positions.at(index - 1), isCut: true };
      }
      const last = runs.at(-1);
      if (last !== undefined && last.to === index) runs[runs.length - 1] = { batch, from: last.from, to: index + 1 };
      else runs.push({ batch, from: index, to: index + 1 });
      eventCount++;
      bytes += eventBytes;
    }
    const pos = batch.lastPosition <= upTo ? batch.lastPosition : upTo;
    return { runs, eventCount, bytes, pos, isCut: false };
  }
}
