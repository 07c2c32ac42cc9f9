import type { EventBatch } from '../event-batch.js';
import type { Position } from '../position.js';
import type { FeedLane } from './feed.js';
import type { Member } from './member.js';
import type { PrivateFrames } from './private-frames.js';
import type { Selector } from './selector.js';

/** What the producer asks for an event, by itself. */
export const GUARANTEE_ATTRIBUTE = 'delivery_guarantee';

const KEPT: ReadonlySet<unknown> = new Set(['at_least_once', 'exactly_once']);

/**
 * Those of the indexes whose events may not be left out on a durable subscription, whatever it asked for itself: the
 * producer's word is a floor. Looks at each distinct value once, and at no event where no value is such.
 */
export function guaranteedOf(batch: EventBatch, indexes: Uint32Array): number[] {
  const column = batch.column(GUARANTEE_ATTRIBUTE);
  if (column === undefined) return [];
  const isKept = column.dictionary.map((value) => KEPT.has(value));
  if (!isKept.includes(true)) return [];
  const kept: number[] = [];
  for (const index of indexes) {
    const code = column.index[index];
    if (code !== 0 && isKept[code - 1]) kept.push(index);
  }
  return kept;
}

/**
 * Takes a member to `to` and leaves out what may be left out: gaps for that, the rest is sent. Stops when there is no
 * room, and asks for its turn again. What lies before the segments nobody has looked at: then nothing is left out, and
 * the catch-up fetches all of it.
 */
export function leaveOutUnguaranteed(
  member: Member,
  lane: FeedLane,
  to: Position,
  selector: Selector,
  frames: PrivateFrames,
): void {
  const { segments, lane: of } = lane.state;
  const from = member.reachedIn(lane);
  if (!segments.holds(from)) return;
  let previous = from;
  let leftOut = 0;
  const announce = (upTo: Position): void => {
    if (leftOut > 0) frames.gap(member, lane, upTo, 'policy', leftOut, true);
    leftOut = 0;
  };
  for (const { batch, skip } of segments.after(from)) {
    if (previous >= to) break;
    const matched = selector.indexes(member.feed.matcher, of.topic, batch, skip, from, to).slice();
    let looked = 0;
    for (const index of guaranteedOf(batch, matched)) {
      for (; matched[looked] < index; looked++) leftOut++;
      looked++;
      if (index > 0) previous = batch.positions.at(index - 1);
      announce(previous);
      if (!member.hasRoom || member.allowance < 1) {
        member.isJumpDue = true;
        return;
      }
      frames.advance(member, lane, batch.positions.at(index), [{ batch, from: index, to: index + 1 }]);
    }
    leftOut += matched.length - looked;
    previous = batch.lastPosition;
  }
  announce(to);
  if (member.reachedIn(lane) < to) member.skim(lane, to);
}
