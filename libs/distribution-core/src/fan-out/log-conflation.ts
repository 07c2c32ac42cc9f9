import { decodeEventBatch, encodeEventBatch, listedPositions } from '../event-batch.js';
import type { Clock } from '../ports/clock.port.js';
import type { FeedLane } from './feed.js';
import { guaranteedOf } from './guarantee-floor.js';
import type { LastValueTables, NewestEvent } from './last-value-table.js';
import type { Member } from './member.js';
import type { Merging } from './member-places.js';
import type { Conflation, Run } from './outlet.js';
import type { PrivateFrames } from './private-frames.js';
import type { Segments } from './segments.js';
import type { Selector } from './selector.js';

/** In one conflated frame. */
export const MAX_LEFT_KEYS = 10_000;

/** What was read of a lane and not told: a part of a conflated frame. */
export interface Merged extends Conflation {
  readonly runs: readonly Run[];
}

/**
 * `conflate` on the way through what is only in the log, for a member that rate or credit hold back: it is read on for all the
 * same, and what matches is counted. Nothing is kept of it but the number, however much that is: the newest event of each key that
 * changed is in the lane's last-value table by the time that the member may be sent something.
 */
export class LogConflation {
  constructor(
    private readonly clock: Clock,
    private readonly tables: LastValueTables,
    private readonly frames: PrivateFrames,
    private readonly selector: Selector,
  ) {}

  /** Whether the lane may be read on for a member that can be sent nothing now. */
  mayReadOn(member: Member, lane: FeedLane): boolean {
    const { topic, lane: of } = lane.state;
    if (member.options.policy !== 'conflate' || topic.conflationKey === 'none') return false;
    return member.mergingIn(lane)?.isStopped !== true && !this.tables.isRebuilding(topic.name, of.partition);
  }

  /**
   * Counts what the segments hold for it and goes on after that; up to an event that must be sent for its own sake, where it
   * stops. It has come further, or has stopped.
   */
  read(member: Member, lane: FeedLane, segments: Segments): void {
    const { topic } = lane.state.lane;
    let { merged } = member.mergingIn(lane) ?? { merged: 0 };
    let isStopped = false;
    for (const { batch, skip } of segments.after(member.reachedIn(lane))) {
      const after = member.reachedIn(lane);
      if (after >= lane.told) break;
      const matched = this.selector.indexes(member.feed.matcher, topic, batch, skip, after, lane.told);
      const [kept] = member.options.keepsGuaranteed === true ? guaranteedOf(batch, matched) : [];
      isStopped = kept !== undefined;
      merged += isStopped ? matched.indexOf(kept) : matched.length;
      if (!isStopped) member.skim(lane, batch.lastPosition <= lane.told ? batch.lastPosition : lane.told);
      else if (kept > 0 && batch.positions.at(kept - 1) > after) member.skim(lane, batch.positions.at(kept - 1));
      if (isStopped) break;
    }
    member.mergeIn(lane, { merged, isStopped });
    member.progressAtMs = this.clock.monotonicMs();
  }

  /**
   * What was read up to where the member stands, once; undefined if nothing was. Of keys that the table has forgotten nobody knows
   * any more: up to the last of them the member is told a gap. So it is of all, if the topic has no key any more.
   */
  take(member: Member, lane: FeedLane): Merged | undefined {
    const merging = member.mergingIn(lane);
    if (merging === undefined) return undefined;
    const { topic, lane: of } = lane.state;
    const reached = member.reachedIn(lane);
    if (topic.conflationKey === 'none') return this.giveUp(member, lane, merging);
    const { events, knownAfter } = this.tables.newestWithin(topic.name, of.partition, member.toldIn(lane), reached);
    const isExact = knownAfter <= member.toldIn(lane);
    if (!isExact) this.frames.gap(member, lane, knownAfter < reached ? knownAfter : reached, 'slow');
    member.mergeIn(lane, undefined);
    member.skim(lane, reached);
    const matching: NewestEvent[] = [];
    const left: string[] = [];
    for (const event of events) {
      if (member.feed.matcher.matchesRecord(of.topic, event.record)) matching.push(event);
      else if (left.length < MAX_LEFT_KEYS) left.push(event.key);
    }
    return { merged: merging.merged, mergedExact: isExact, left, runs: this.runsOf(lane, matching) };
  }

  /** As a frame of its own, before what stopped it. Keys that change again after that are not in it; their events count here. */
  send(member: Member, lane: FeedLane): void {
    const merged = this.take(member, lane);
    if (merged === undefined || (merged.merged === 0 && merged.left.length === 0)) return;
    this.frames.advance(member, lane, member.reachedIn(lane), merged.runs, merged);
  }

  /** The table went with the key, and with it what was merged. */
  private giveUp(member: Member, lane: FeedLane, { merged }: Merging): undefined {
    const reached = member.reachedIn(lane);
    member.mergeIn(lane, undefined);
    if (merged > 0) this.frames.gap(member, lane, reached, 'slow', merged, true);
    return undefined;
  }

  private runsOf({ state: { lane } }: FeedLane, events: readonly NewestEvent[]): Run[] {
    if (events.length === 0) return [];
    const records = events.map(({ record }) => record);
    const positions = listedPositions(records.map(({ position }) => position));
    const batch = decodeEventBatch(lane, positions, encodeEventBatch(records, this.clock.nowMicros()));
    return [{ batch, from: 0, to: batch.count }];
  }
}
