import type { LaneEnds, Position } from '@distributary/distribution-core';
import { positionBefore } from '../records/offset-positions.js';
import { judgedBatches } from '../records/record-set.js';
import { VarintReader } from '../records/varint.js';
import type { Fetcher } from './fetcher.js';
import type { ReadPlace } from './lane-place.js';
import type { LaneOffsets } from './lane-offsets.js';

/** Markers and aborted events at the end of a lane that are looked behind, before an end that no event has is told. */
const MAX_STEPS = 64;
const STEP_BYTES = 64 * 1024;

/** Where lanes begin and end for readers, who see neither markers nor what was aborted. */
export class LaneEndFinder {
  /** By lane and epoch: the offset of the newest visible event below an end that was asked for already. */
  private readonly known = new Map<string, { readonly end: number; readonly last: number }>();

  constructor(
    private readonly offsets: LaneOffsets,
    private readonly fetcher: Fetcher,
  ) {}

  async ends(place: ReadPlace, bytes: number): Promise<LaneEnds> {
    const { first, end } = await this.offsets.range(place, 'committed');
    const beforeFirst = positionBefore(first);
    const last = end === first ? undefined : await this.lastVisible(place, first, end);
    const position = last === undefined ? beforeFirst : positionBefore(last + 1);
    return { lane: place.lane, beforeFirst, last: position, events: end - first, bytes: end === first ? 0 : bytes };
  }

  /** Just before the first event at or after this time; the end if there is none. */
  async seek(place: ReadPlace, timeMicros: number): Promise<Position> {
    const found = await this.offsets.atTime(place, Math.max(Math.ceil(timeMicros / 1000), 0));
    if (found !== undefined) {
      const { first } = await this.offsets.range(place);
      return positionBefore(Math.max(found, first));
    }
    return (await this.ends(place, 0)).last;
  }

  private async lastVisible(place: ReadPlace, first: number, end: number): Promise<number | undefined> {
    const key = `${place.lane.epoch} ${place.lane.partition}`;
    const known = this.known.get(key);
    if (known?.end === end) return known.last;
    let from = end - 1;
    for (let step = 0; step < MAX_STEPS; step++) {
      const found = await this.lastVisibleFrom({ ...place, offset: from }, end);
      if (found.last !== undefined) {
        this.remember(key, { end, last: found.last });
        return found.last;
      }
      if (found.from <= first) return undefined;
      // Everything from there on is invisible: look at what lies before it.
      from = Math.max(first, found.from - 1);
    }
    return end - 1;
  }

  /** The newest event from the place on, or where the batch that holds the place begins. */
  private async lastVisibleFrom(place: ReadPlace, end: number) {
    const { records, aborted } = await this.fetcher.now(place, STEP_BYTES);
    let last: number | undefined;
    let begin = place.offset;
    for (const { head, verdict, records: unpack } of judgedBatches(records, aborted, place.offset)) {
      if (head.baseOffset >= end) break;
      begin = Math.min(begin, head.baseOffset);
      if (verdict === 'visible' && head.count > 0) last = lastOffset(unpack(), head.baseOffset, head.count);
    }
    return { last, from: begin };
  }

  private remember(key: string, found: { readonly end: number; readonly last: number }): void {
    if (this.known.size >= 10_000) this.known.clear();
    this.known.set(key, found);
  }
}

/** Compaction may have taken the last records of a batch, whose head still counts them. */
function lastOffset(records: Buffer, baseOffset: number, count: number): number {
  const reader = new VarintReader(records);
  let last = baseOffset;
  for (let left = count; left > 0; left--) {
    const next = reader.signed() + reader.at;
    reader.at++;
    reader.signed();
    last = baseOffset + reader.signed();
    reader.at = next;
  }
  return last;
}
