import type { EventBatch } from '../event-batch.js';
import type { Clock } from '../ports/clock.port.js';
import type { Position } from '../position.js';
import { conflationKeyOf } from './conflation-key.js';
import { type FeedLane, flushTime } from './feed.js';
import { guaranteedOf, leaveOutUnguaranteed } from './guarantee-floor.js';
import { MetNumbers } from './key-numbers.js';
import { type LogConflation, MAX_LEFT_KEYS } from './log-conflation.js';
import type { Member } from './member.js';
import type { Run } from './outlet.js';
import type { PrivateFrames } from './private-frames.js';
import type { Selector } from './selector.js';

export interface SlowPolicyLimits {
  /** Events that `drop-oldest` keeps for a session that is behind. */
  readonly dropOldestKeeps: number;
}

/**
 * What the lossy policies do when a session that reached its limit has room again, and at each further turn until it has caught
 * up. `block` and `disconnect` need nothing here: a blocked one goes on where it stood, a disconnected one is gone.
 *
 * - `skip-to-live`: all that it missed becomes one gap per lane.
 * - `drop-oldest`: all but the newest events become a gap, the newest follow.
 * - `conflate`: the newest event of each key that changed, in one frame per lane. Topics whose events are not state (no
 *   conflation key) are never merged: they go on as if blocked.
 */
export class SlowPolicies {
  private readonly met = new MetNumbers();

  constructor(
    private readonly clock: Clock,
    private readonly frames: PrivateFrames,
    private readonly selector: Selector,
    private readonly log: LogConflation,
    private readonly limits: SlowPolicyLimits,
  ) {}

  /** `skip-to-live` and `drop-oldest`. */
  jump(member: Member): void {
    for (const lane of member.feed.lanes.values()) {
      if (member.reachedIn(lane) >= lane.told || member.isHeld(lane)) continue;
      if (member.options.policy === 'skip-to-live') this.skipToLive(member, lane);
      else this.dropOldest(member, lane);
    }
    member.progressAtMs = this.clock.monotonicMs();
  }

  /** Whether what the lane has for it is merged, instead of sent event by event. */
  merges(member: Member, lane: FeedLane): boolean {
    // What was read for it already was merged with what came before.
    if (member.mergingIn(lane) !== undefined) return true;
    return member.isLossy && member.options.policy === 'conflate' && lane.state.topic.conflationKey !== 'none';
  }

  /** Of what is merged: nobody has looked at what lies before the segments, so what must be sent may be among it. */
  mayLeaveOut(member: Member, lane: FeedLane): boolean {
    const isBeingRead = member.mergingIn(lane) !== undefined;
    return !isBeingRead && member.options.keepsGuaranteed !== true && this.merges(member, lane);
  }

  /** So that keys which left the selection since the feed's last frame count as well. */
  tellFeed({ feed }: Member): void {
    feed.tellPositions(flushTime(this.clock));
  }

  private skipToLive(member: Member, lane: FeedLane): void {
    const missed = this.missedIn(member, lane);
    if (missed === 0) return member.skim(lane, lane.told);
    this.leaveOut(member, lane, lane.told, missed);
  }

  private dropOldest(member: Member, lane: FeedLane): void {
    const missed = this.missedIn(member, lane);
    const { dropOldestKeeps } = this.limits;
    // On its way from further back than memory: what came in the meantime is all that is known.
    if (missed === undefined && member.toldSince(lane) <= dropOldestKeeps) return;
    if (missed !== undefined && missed <= dropOldestKeeps && lane.state.segments.holds(member.reachedIn(lane))) return;
    const { position, kept } = this.beforeNewest(member, lane, dropOldestKeeps);
    if (missed === kept) return member.skim(lane, position);
    this.leaveOut(member, lane, position, missed === undefined ? undefined : missed - kept);
  }

  /** One that came from further back than its feed is counted once, when memory holds all that it misses. */
  private missedIn(member: Member, lane: FeedLane): number | undefined {
    const known = member.missedIn(lane);
    const reached = member.reachedIn(lane);
    const { segments } = lane.state;
    if (known !== undefined || !segments.holds(reached)) return known;
    let missed = 0;
    for (const { batch, skip } of segments.after(reached)) {
      missed += this.selector.indexes(member.feed.matcher, topicOf(lane), batch, skip, reached, lane.told).length;
    }
    member.countMissed(lane, missed);
    return missed;
  }

  /** One gap up to `to`, or several, around events that must not be left out. */
  private leaveOut(member: Member, lane: FeedLane, to: Position, dropped: number | undefined): void {
    if (member.options.keepsGuaranteed !== true) {
      return this.frames.gap(member, lane, to, 'policy', dropped, dropped !== undefined);
    }
    leaveOutUnguaranteed(member, lane, to, this.selector, this.frames);
  }

  /** Where the newest events of its selection begin, at most so many of those in memory. Looks at no more than it keeps. */
  private beforeNewest(member: Member, lane: FeedLane, keeps: number): { position: Position; kept: number } {
    const { segments } = lane.state;
    const reached = member.reachedIn(lane);
    const start = segments.holds(reached) ? reached : segments.start;
    let kept = 0;
    let firstKept: { batch: EventBatch; index: number } | undefined;
    for (const { batch, skip } of segments.newestFirst()) {
      if (firstKept?.index === 0) return { position: batch.lastPosition, kept };
      if (firstKept !== undefined) break;
      if (batch.lastPosition <= start) break;
      const indexes = this.selector.indexes(member.feed.matcher, topicOf(lane), batch, skip, start, lane.told);
      const wanted = Math.min(keeps - kept, indexes.length);
      kept += wanted;
      if (kept === keeps) firstKept = { batch, index: indexes[indexes.length - wanted] };
    }
    if (firstKept === undefined || firstKept.index === 0) return { position: start, kept };
    return { position: firstKept.batch.positions.at(firstKept.index - 1), kept };
  }

  /**
   * Tells the member all that its feed was told of the lane. What lies before the segments is left to the gap: state that has
   * not changed since is in the next snapshot. A frame holds every key, though rate and credit may allow fewer events: keys that
   * change together would else have to wait for each other for ever. What it was sent too much is made up for before the next.
   * Returns how many events were looked at.
   */
  conflate(member: Member, lane: FeedLane): number {
    this.tellFeed(member);
    member.progressAtMs = this.clock.monotonicMs();
    const { segments, topic, keys } = lane.state;
    const isExact = segments.holds(member.reachedIn(lane));
    if (!isExact) this.frames.gap(member, lane, segments.start, 'slow');
    const read = this.log.take(member, lane);
    // Each event counts now: what follows is sent one by one.
    if (topic.conflationKey === 'none') return 0;
    const runs: Run[] = [];
    const left: string[] = [...(read?.left ?? [])];
    let merged = read?.merged ?? 0;
    let scanned = 0;
    keys.use(topic.conflationKey);
    this.met.begin();
    const after = member.reachedIn(lane);
    // Newest first: the first of each key is the one that counts.
    for (const { batch, skip } of [...segments.after(after)].reverse()) {
      const matched = this.selector.indexes(member.feed.matcher, topicOf(lane), batch, skip, after, lane.told);
      merged += matched.length;
      scanned += batch.count;
      const begin = batch.positions.indexAfter(after);
      const end = batch.lastPosition <= lane.told ? batch.count : batch.positions.indexAfter(lane.told);
      const kept = member.options.keepsGuaranteed === true ? guaranteedOf(batch, matched) : [];
      for (const index of kept) runs.push({ batch, from: index, to: index + 1 });
      const numbers = keys.of(batch);
      let nextKept = kept.length - 1;
      let nextMatch = matched.length - 1;
      for (let index = end - 1; index >= begin; index--) {
        const isMatch = nextMatch >= 0 && matched[nextMatch] === index;
        if (isMatch) nextMatch--;
        // It is sent for its own sake.
        const isKept = nextKept >= 0 && kept[nextKept] === index;
        if (isKept) nextKept--;
        if (!isMatch && skip !== undefined && skip[index] === 1) continue;
        if (!this.met.add(numbers[index]) || isKept) continue;
        if (isMatch) runs.push({ batch, from: index, to: index + 1 });
        else if (left.length < MAX_LEFT_KEYS) left.push(conflationKeyOf(topic.conflationKey, batch, index));
      }
    }
    runs.push(...(read?.runs ?? []));
    if (runs.length === 0 && left.length === 0) member.skim(lane, lane.told);
    else {
      runs.sort(byPosition);
      this.frames.advance(member, lane, lane.told, runs, {
        merged,
        mergedExact: isExact && read?.mergedExact !== false,
        left,
      });
    }
    return scanned;
  }
}

function byPosition(a: Run, b: Run): number {
  if (a.batch === b.batch) return a.from - b.from;
  return a.batch.lastPosition < b.batch.lastPosition ? -1 : 1;
}

function topicOf(lane: FeedLane): string {
  return lane.state.lane.topic;
}
