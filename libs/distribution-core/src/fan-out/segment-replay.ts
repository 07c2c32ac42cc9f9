import type { Clock } from '../ports/clock.port.js';
import type { Gauge } from '../ports/metrics.port.js';
import type { FeedLane } from './feed.js';
import type { Member } from './member.js';
import type { Run } from './outlet.js';
import type { PrivateFrame, PrivateFrames } from './private-frames.js';
import type { Segments } from './segments.js';
import type { Selector } from './selector.js';

/** Looked at for one frame, so that a narrow filter does not hold up the loop. */
export const MAX_EVENTS_SCANNED = 50_000;
const REPLAYED_FRAME_BYTES = 128 * 1024;
/** A frame says when it was made. */
const SHARED_FOR_MS = 1_000;

/** What was made for one member, and can be sent to others of its feed that stand where it stood. */
interface Shared {
  readonly frame: PrivateFrame;
  readonly scanned: number;
  readonly madeMs: number;
}

/**
 * Sends members that are behind what segments hold. A herd that stands at one place is matched once and encoded once: frames
 * are kept for a moment, up to a number of bytes, the oldest go first.
 */
export class SegmentReplay {
  private readonly shared = new Map<string, Shared>();
  private sharedBytes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly frames: PrivateFrames,
    private readonly selector: Selector,
    private readonly maxSharedBytes: number,
    private readonly gauge: Gauge,
  ) {}

  /** At most one frame. Returns how many events were looked at: 0 if the segments have nothing for it. */
  send(member: Member, lane: FeedLane, segments: Segments): number {
    const place = placeOf(member, lane);
    return this.repeat(member, lane, place) ?? this.make(member, lane, segments, place);
  }

  private repeat(member: Member, lane: FeedLane, place: string): number | undefined {
    const shared = this.shared.get(place);
    if (shared === undefined) return undefined;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - shared.madeMs > SHARED_FOR_MS || !this.frames.repeat(member, lane, shared.frame)) return undefined;
    member.progressAtMs = nowMs;
    return shared.scanned;
  }

  private share(place: string, shared: Shared): void {
    this.forget(place);
    this.shared.set(place, shared);
    this.sharedBytes += shared.frame.bytes.length;
    for (const [oldest, { madeMs }] of this.shared) {
      if (this.sharedBytes <= this.maxSharedBytes && shared.madeMs - madeMs <= SHARED_FOR_MS) break;
      this.forget(oldest);
    }
    this.gauge.set(this.sharedBytes);
  }

  private forget(place: string): void {
    const shared = this.shared.get(place);
    if (shared === undefined) return;
    this.shared.delete(place);
    this.sharedBytes -= shared.frame.bytes.length;
  }

  private make(member: Member, lane: FeedLane, segments: Segments, place: string): number {
    const runs: Run[] = [];
    let eventsLeft = member.allowance;
    let bytesLeft = REPLAYED_FRAME_BYTES;
    let pos = member.reachedIn(lane);
    let scanned = 0;
    for (const { batch, skip } of segments.after(pos)) {
      if (pos >= lane.told) break;
      const selected = this.selector.select(
        member.feed.matcher,
        lane.state.lane.topic,
        batch,
        skip,
        pos,
        lane.told,
        eventsLeft,
        bytesLeft,
      );
      for (const run of selected.runs) runs.push(run);
      pos = selected.pos;
      eventsLeft -= selected.eventCount;
      bytesLeft -= selected.bytes;
      scanned += batch.count;
      if (selected.isCut || eventsLeft < 1 || bytesLeft <= 0 || scanned > MAX_EVENTS_SCANNED) break;
    }
    if (scanned === 0) return 0;
    const madeMs = this.clock.monotonicMs();
    member.progressAtMs = madeMs;
    if (runs.length === 0) {
      member.skim(lane, pos);
      return scanned;
    }
    const frame = this.frames.advance(member, lane, pos, runs);
    if (frame !== undefined && member.feed.memberCount > 1) this.share(place, { frame, scanned, madeMs });
    return scanned;
  }
}

/** Of a feed's member in a lane. What it was told last is in the frame, too, so that is compared there. */
function placeOf(member: Member, lane: FeedLane): string {
  const { topic, partition, epoch } = lane.state.lane;
  return `${member.feed.id} ${topic}#${partition} ${epoch} ${member.reachedIn(lane)}`;
}
