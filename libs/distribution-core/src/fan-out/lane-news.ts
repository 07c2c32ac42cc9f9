import { BEFORE_FIRST, type Position } from '../position.js';
import type { Feed, FlushTime } from './feed.js';
import type { FeedTable } from './feed-table.js';
import type { FlushObserver } from './flush-observer.js';
import type { LaneState } from './lane-state.js';
import type { Member } from './member.js';
import { sendGap } from './private-frames.js';

export interface LaneNewsDependencies {
  readonly feeds: FeedTable;
  readonly time: () => FlushTime;
  readonly observer: () => FlushObserver | undefined;
  readonly serveSoon: (member: Member) => void;
}

/** What members are told when something happens to a lane rather than in it: it is new, has a hole, stalls, or is gone. */
export class LaneNews {
  constructor(private readonly deps: LaneNewsDependencies) {}

  /** Members have been told nothing of it, so they catch up from its first event. */
  added(feed: Feed, state: LaneState): void {
    if (feed.lanes.has(state)) return;
    feed.flush(this.deps.time());
    const positions = feed.positions();
    feed.addLane(state, state.segments.end);
    feed.movedOn();
    for (const member of [...feed.live]) {
      member.standAt(positions);
      this.deps.serveSoon(member);
    }
  }

  /** Nobody will ever have its events up to there: retention has passed them. */
  skipped(state: LaneState, to: Position): void {
    for (const feed of this.deps.feeds.values()) {
      const lane = feed.lanes.get(state);
      if (lane === undefined) continue;
      feed.flush(this.deps.time());
      for (const member of feed.live) {
        sendGap(member, lane, lane.told, to, 'expired');
        this.deps.observer()?.lost(state, 'expired', 1, to);
      }
      feed.movedOn();
      lane.told = to;
    }
  }

  stalled(state: LaneState, isStalled: boolean): void {
    for (const feed of this.deps.feeds.values()) {
      if (!feed.lanes.has(state)) continue;
      for (const member of [...feed.live, ...feed.behind]) {
        member.outlet.send({
          type: 'status',
          payload: { id: member.options.subscriptionId, state: isStalled ? 'recovering' : 'live' },
        });
      }
    }
  }

  /** Its topic is gone, or nobody wants it any more. */
  closed(state: LaneState): void {
    for (const feed of this.deps.feeds.values()) {
      const lane = feed.lanes.get(state);
      if (lane === undefined) continue;
      feed.tellPositions(this.deps.time());
      const { end } = state.segments;
      for (const member of [...feed.live, ...feed.behind]) {
        const told = member.positionIn(state) ?? BEFORE_FIRST;
        sendGap(member, lane, told, told > end ? told : end, 'deleted');
        member.forget(lane);
      }
      feed.lanes.delete(state);
    }
  }
}
