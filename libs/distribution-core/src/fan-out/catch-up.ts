import type { Clock } from '../ports/clock.port.js';
import type { EgressShare } from './egress-share.js';
import type { FeedLane } from './feed.js';
import type { LaneSweeps } from './lane-sweeps.js';
import type { Member } from './member.js';
import { needsMark, type PrivateFrames } from './private-frames.js';
import { MAX_EVENTS_SCANNED, type SegmentReplay } from './segment-replay.js';
import type { SlowPolicies } from './slow-policy.js';

/**
 * Brings members that are behind to where their feed stands: from the feed's kept flushes, else from the segments
 * (matched again for this one selection), else from the broker, in one sweep per lane for all who wait. Then they
 * are live again. The hot path never waits for it.
 */
export class CatchUp {
  constructor(
    private readonly clock: Clock,
    private readonly frames: PrivateFrames,
    private readonly replay: SegmentReplay,
    private readonly policies: SlowPolicies,
    private readonly sweeps: LaneSweeps,
  ) {}

  /** If set, tenants share what may be written. */
  egress: EgressShare | undefined;

  /** Sends what the member may be sent now. To be called when it fell behind, has room again, or got credit. */
  serve = (member: Member): void => {
    if (member.state !== 'behind' || !member.hasRoom) return;
    if (this.egress === undefined) return this.bringNearer(member);
    const { outlet, feed } = member;
    // Not its tenant's turn: the next tick asks again.
    if (!this.egress.mayFlush(feed.tenant)) return;
    const before = outlet.unconfirmedBytes;
    this.bringNearer(member);
    this.egress.sent(feed.tenant, Math.max(0, outlet.unconfirmedBytes - before));
  };

  private bringNearer(member: Member): void {
    if (member.isJumpDue) {
      if (member.allowance < 1) return;
      member.isJumpDue = false;
      member.nextSequence = 0;
      this.policies.jump(member);
    }
    let scanned = 0;
    while (member.state === 'behind' && member.hasRoom) {
      if (this.sendKept(member)) continue;
      const lane = this.nextLane(member);
      if (lane === undefined) {
        if (!this.isWaiting(member)) this.join(member);
        // What would be merged is read first, for nobody has seen its keys.
        else if (member.allowance < 1 && member.options.policy !== 'conflate') member.heldBack();
        return;
      }
      if (member.allowance < 1) return member.heldBack();
      scanned += this.policies.merges(member, lane)
        ? this.policies.conflate(member, lane)
        : this.replay.send(member, lane, lane.state.segments);
      if (scanned > MAX_EVENTS_SCANNED) return this.clock.soon(() => this.serve(member));
    }
    if (member.state === 'behind') member.heldBack();
  }

  private join(member: Member): void {
    for (const lane of member.feed.lanes.values()) this.frames.advance(member, lane, lane.told, []);
    member.goLive();
    if (member.isSlow) member.toggleSlow();
  }

  /** One of the flushes that the feed still has. */
  private sendKept(member: Member): boolean {
    if (member.nextSequence === 0) return false;
    const { feed } = member;
    if (member.nextSequence > feed.sequence) {
      this.join(member);
      return true;
    }
    const flush = feed.kept.at(member.nextSequence);
    if (flush === undefined || flush.eventCount > member.allowance) {
      member.nextSequence = 0;
      return false;
    }
    if (needsMark(member.outlet, flush.bytes.length)) member.outlet.write(flush.markedBytes(), flush.mark);
    else member.outlet.write(flush.bytes, 0);
    member.spend(flush.eventCount);
    for (const part of flush.parts) {
      member.tell(part.lane, part.pos, part.eventCount);
      this.frames.replayed(member, part.lane, part.eventCount);
    }
    member.nextSequence++;
    member.progressAtMs = this.clock.monotonicMs();
    return true;
  }

  /**
   * The most urgent lane in which it is behind its feed and that can be served from memory. Of equal ones those of which every
   * event counts come first: state is no more to send for having waited.
   */
  private nextLane(member: Member): FeedLane | undefined {
    let found: FeedLane | undefined;
    for (const lane of member.feed.lanes.values()) {
      const told = member.reachedIn(lane);
      const isUntold = told < lane.told || member.mergingIn(lane) !== undefined;
      if (!isUntold || member.isHeld(lane)) continue;
      if (!lane.state.segments.holds(told) && !this.policies.mayLeaveOut(member, lane)) {
        // Of what has left memory since, the feed may not have been told: only what it was is read.
        if (told >= lane.told) this.policies.tellFeed(member);
        this.sweeps.wait(member, lane);
        continue;
      }
      if (found === undefined || this.goesBefore(member, lane, found)) found = lane;
    }
    return found;
  }

  private goesBefore(member: Member, lane: FeedLane, other: FeedLane): boolean {
    const difference = lane.state.topic.priority - other.state.topic.priority;
    if (difference !== 0) return difference < 0;
    return this.policies.merges(member, other) && !this.policies.merges(member, lane);
  }

  /**
   * For the broker, or to be told what was read, or until a lane that is held is let go, or until the feed has come to
   * where the member is: another process, whose tail was faster, sent it what lies between.
   */
  private isWaiting(member: Member): boolean {
    for (const lane of member.feed.lanes.values()) {
      if (member.reachedIn(lane) !== lane.told || member.mergingIn(lane) !== undefined) return true;
      if (member.isHeld(lane)) return true;
    }
    return false;
  }
}
