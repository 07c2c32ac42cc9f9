import type { LanePosition, Position } from '../position.js';
import type { FeedLane } from './feed.js';
import type { FlushObserver } from './flush-observer.js';
import type { Member } from './member.js';
import type { Conflation, DataFrame, Outlet, Run, SnapshotFrame } from './outlet.js';
import { eventsOf } from './runs.js';

/** Why rightful events of a stretch may be missing; `deleted`: nothing follows either, for the topic is gone. */
export type GapReason = 'slow' | 'expired' | 'policy' | 'deleted';

/** One that can be sent to other members of its feed, too. */
export interface PrivateFrame {
  readonly prev: Position;
  readonly pos: Position;
  readonly eventCount: number;
  readonly bytes: Buffer;
}

/** Frames for members that do not stand where their feed stands. */
export class PrivateFrames {
  constructor(
    private readonly nextMark: () => number,
    private readonly nowMicros: () => number,
    private readonly observer: () => FlushObserver | undefined = () => undefined,
  ) {}

  /**
   * Tells the member everything up to `pos`; a position message if nothing of it matched. Returns what may be repeated:
   * nothing if the frame says something of the member alone.
   */
  advance(
    member: Member,
    lane: FeedLane,
    pos: Position,
    runs: readonly Run[],
    conflation?: Conflation,
  ): PrivateFrame | undefined {
    const prev = member.toldIn(lane);
    if (prev === pos) return undefined;
    const eventCount = eventsOf(runs);
    member.tell(lane, pos, conflation?.merged ?? eventCount);
    const { encoder, id: feed } = member.feed;
    let isOwn = false;
    // Whole from the start: V8 takes half a microsecond for each field that is added to a spread object.
    const frame: DataFrame = {
      feed,
      lane: lane.state.lane,
      prev,
      pos,
      timeMicros: this.nowMicros(),
      positions: () => {
        isOwn = true;
        return member.positions();
      },
      runs,
      eventCount,
      conflation,
    };
    const isData = eventCount > 0 || conflation !== undefined;
    const bytes = isData ? encoder.data(frame) : encoder.position(frame);
    this.write(member, bytes);
    member.spend(eventCount);
    this.replayed(member, lane, eventCount);
    return isOwn ? undefined : { prev, pos, eventCount, bytes };
  }

  /** Writes what another member of the feed was told of this lane; false if this one stands elsewhere, or may not have so much. */
  repeat(member: Member, lane: FeedLane, { prev, pos, eventCount, bytes }: PrivateFrame): boolean {
    if (member.toldIn(lane) !== prev || member.allowance < eventCount) return false;
    member.tell(lane, pos, eventCount);
    this.write(member, bytes);
    member.spend(eventCount);
    this.replayed(member, lane, eventCount);
    return true;
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
    member.tell(lane, to, isExact ? count : undefined);
    this.observer()?.lost(lane.state, reason, count ?? 1, to);
    sendGap(member, lane, from, to, reason, count, isExact);
  }

  private write(member: Member, bytes: Buffer): void {
    const { outlet } = member;
    const mark = needsMark(outlet, bytes.length) ? this.nextMark() : 0;
    outlet.write(bytes, 0);
    const markBytes = mark === 0 ? undefined : member.feed.encoder.mark(mark);
    if (markBytes !== undefined) outlet.write(markBytes, mark);
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
