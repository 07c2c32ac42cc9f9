import type { LanePosition, Position } from '../position.js';
import type { FeedLane } from './feed.js';
import type { FlushObserver } from './flush-observer.js';
import type { Member } from './member.js';
import type { Conflation, Outlet, Run, SnapshotFrame } from './outlet.js';
import { eventsOf } from './runs.js';

/** Why rightful events of a stretch may be missing; `deleted`: nothing follows either, for the topic is gone. */
export type GapReason = 'slow' | 'expired' | 'policy' | 'deleted';

/** Frames for one member that does not stand where its feed stands. */
export class PrivateFrames {
  constructor(
    private readonly nextMark: () => number,
    private readonly nowMicros: () => number,
    private readonly observer: () => FlushObserver | undefined = () => undefined,
  ) {}

  /** Tells the member everything up to `pos`; a position message if nothing of it matched. */
  advance(member: Member, lane: FeedLane, pos: Position, runs: readonly Run[], conflation?: Conflation): void {
    const prev = member.toldIn(lane);
    if (prev === pos) return;
    member.tell(lane, pos);
    const { encoder, id: feed } = member.feed;
    const frame = {
      feed,
      lane: lane.state.lane,
      prev,
      pos,
      timeMicros: this.nowMicros(),
      positions: positionsOf(member),
    };
    const eventCount = eventsOf(runs);
    const isData = eventCount > 0 || conflation !== undefined;
    this.write(member, isData ? encoder.data({ ...frame, runs, eventCount, conflation }) : encoder.position(frame));
    member.spend(eventCount);
    this.replayed(member, lane, eventCount);
  }

  /** It was sent events of the lane while it was behind. */
  replayed(member: Member, lane: FeedLane, events: number): void {
    if (events > 0) this.observer()?.replayed(member.feed.id, lane.state, events);
  }

  snapshot(member: Member, frame: Omit<SnapshotFrame, 'feed' | 'timeMicros' | 'positions'>): void {
    const { encoder, id: feed } = member.feed;
    this.write(
      member,
      encoder.snapshot({ ...frame, feed, timeMicros: this.nowMicros(), positions: positionsOf(member) }),
    );
    member.spend(frame.values.length);
  }

  gap(member: Member, lane: FeedLane, to: Position, reason: GapReason, count?: number, isExact = false): void {
    const from = member.toldIn(lane);
    if (from >= to) return;
    member.tell(lane, to);
    this.observer()?.lost(lane.state, reason, count ?? 1);
    sendGap(member, lane, from, to, reason, count, isExact);
  }

  private write(member: Member, bytes: Buffer): void {
    const { outlet } = member;
    const mark = needsMark(outlet, bytes.length) ? this.nextMark() : 0;
    const markBytes = mark === 0 ? undefined : member.feed.encoder.mark(mark);
    if (markBytes === undefined) outlet.write(bytes, 0);
    else outlet.write(Buffer.concat([bytes, markBytes]), mark);
  }
}

/** Clients answer each mark, and some give up when too many answers wait (`ws` does at 60): so not after every frame. */
const MARK_EVERY_BYTES = 32 * 1024;

/** Whether a private frame should end in a mark: what stays unmarked must be far below the limit. */
export function needsMark(outlet: Outlet, frameBytes: number): boolean {
  return outlet.unmarkedBytes + frameBytes >= Math.min(MARK_EVERY_BYTES, outlet.limitBytes / 4);
}

export function sendGap(
  member: Member,
  lane: FeedLane,
  from: Position,
  to: Position,
  reason: GapReason,
  count?: number,
  isExact = false,
): void {
  const { topic, partition, epoch } = lane.state.lane;
  member.outlet.send({
    type: 'gap',
    payload: {
      feed: member.feed.id,
      id: member.options.subscriptionId,
      lane: `${topic}#${partition}`,
      epoch,
      from,
      to,
      reason,
      ...(count === undefined ? {} : { count, count_exact: isExact }),
    },
  });
}

function positionsOf(member: Member): () => LanePosition[] {
  return () => member.positions();
}
