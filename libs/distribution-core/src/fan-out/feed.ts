import { tenantOf } from '../access/tenancy.js';
import type { EventBatch } from '../event-batch.js';
import type { EntryMatcher } from '../matching/entry-matcher.js';
import type { LanePosition, Position } from '../position.js';
import type { Clock } from '../ports/clock.port.js';
import type { Selection } from '../subscription/subscription.js';
import { KeptFlushes } from './kept-flushes.js';
import type { LaneState } from './lane-state.js';
import { MarkTurns } from './mark-turns.js';
import type { Member } from './member.js';
import type { FrameEncoder, Run } from './outlet.js';
import { ALL_EVENTS, type MatchTaker, type PendingMatches } from './pending-matches.js';
import { appendUnmarked, eventsOf, splitRuns } from './runs.js';

export interface FeedLane {
  readonly state: LaneState;
  /** The `pos` that live members were told last. */
  told: Position;
  /** When they were; monotonic, 0 if never. */
  toldAtMs: number;
  /** Of the lane's events, those before the feed. */
  readonly eventsBefore: number;
  /** Matched, taken and not yet in a frame. */
  runs: Run[];
  eventCount: number;
  /** Matched since the feed exists, up to `told`. */
  toldCount: number;
}

export interface FlushPart {
  readonly lane: FeedLane;
  readonly prev: Position;
  readonly pos: Position;
  readonly eventCount: number;
}

/** What one flush wrote to every live member: one buffer, and the same one with a mark at its end. */
export class Flush {
  private marked: Buffer | undefined;

  constructor(
    readonly sequence: number,
    readonly bytes: Buffer,
    /** 0 if the transport has no marks, or nobody's turn it is. */
    readonly mark: number,
    private readonly markBytes: Buffer | undefined,
    readonly eventCount: number,
    readonly parts: readonly FlushPart[],
  ) {}

  /** Made when the first member needs it. */
  markedBytes(): Buffer {
    const { bytes, markBytes } = this;
    this.marked ??= markBytes === undefined ? bytes : Buffer.concat([bytes, markBytes]);
    return this.marked;
  }
}

export const MAX_FRAME_BYTES = 256 * 1024;
/**
 * A feed of fewer live members keeps no flushes: to encode one again for a member that falls behind is cheaper than the mark
 * that each flush would have to have, in case that it is kept.
 */
const MANY_MEMBERS = 4;
/** Members of such a feed are marked with the data that comes next, if it comes soon, and not by writes of their own. */
const MARK_ALONE_AFTER_MS = 250;

export interface FlushTime {
  readonly nowMicros: number;
  /** Monotonic, whole: a field with a fraction is an object of its own, which each flush would have to look up. */
  readonly nowMs: number;
}

export const flushTime = (clock: Clock): FlushTime => ({
  nowMicros: clock.nowMicros(),
  nowMs: Math.trunc(clock.monotonicMs()),
});

/**
 * All sessions of this process that want the same bytes: matched once, encoded once. While a member is a little behind, its
 * last flushes are kept for it; a member further behind is the catch-up's.
 */
export class Feed implements MatchTaker {
  readonly live: Member[] = [];
  readonly behind = new Set<Member>();
  /** Members, live or behind, that asked for a rate. */
  readonly paced = new Set<Member>();
  readonly lanes = new Map<LaneState, FeedLane>();
  readonly kept = new KeptFlushes();
  /** Whose topics it selects, and so whose share of the egress it uses. */
  readonly tenant: string;
  sequence = 0;
  /** Events that its selection picked since it exists, but for those that are still to be taken. */
  private takenCount = 0;
  private pending: FeedLane[] = [];
  private readonly marks = new MarkTurns();
  private lastFlushBytes = 0;
  private wroteAtMs = 0;
  /** Since the last call of `takeWrittenBytes`. */
  private writtenBytes = 0;

  constructor(
    readonly id: number,
    /** Its place where something is kept by feed; another feed's once it is dropped, and -1 then. */
    public slot: number,
    readonly key: string,
    readonly selection: Selection,
    readonly matcher: EntryMatcher,
    readonly encoder: FrameEncoder,
    private readonly matches: PendingMatches,
    private readonly nextMark: () => number,
  ) {
    this.tenant = tenantOf(selection.topicPatterns[0] ?? '');
  }

  /** Lanes with events that wait for a flush: few, where there may be hundreds. */
  pendingLanes(): readonly FeedLane[] {
    this.takeMatches();
    return this.pending;
  }

  /** Events that wait for a flush. */
  pendingEvents(): number {
    this.takeMatches();
    let events = 0;
    for (const lane of this.pending) events += lane.eventCount;
    return events;
  }

  /** Of the last flush, to all members together. */
  get flushedBytes(): number {
    return this.lastFlushBytes * this.live.length;
  }

  get memberCount(): number {
    return this.live.length + this.behind.size;
  }

  /** Events that its selection picked since it exists. */
  matchedEvents(): number {
    this.takeMatches();
    return this.takenCount;
  }

  addLane(state: LaneState, told: Position): FeedLane {
    const eventsBefore = state.eventCount;
    const lane: FeedLane = { state, told, toldAtMs: 0, eventsBefore, runs: [], eventCount: 0, toldCount: 0 };
    this.lanes.set(state, lane);
    return lane;
  }

  /** One of its matches, which it is given as it takes them. */
  collect(state: LaneState, batch: EventBatch, skip: Uint8Array | undefined, from: number, to: number): void {
    const lane = this.lanes.get(state);
    if (lane === undefined) return;
    let matched = to - from;
    if (from === ALL_EVENTS) matched = appendUnmarked(lane.runs, batch, skip);
    else lane.runs.push({ batch, from, to });
    if (lane.eventCount === 0 && matched > 0) this.pending.push(lane);
    lane.eventCount += matched;
    this.takenCount += matched;
  }

  positions = (): LanePosition[] =>
    [...this.lanes.values()].map(({ state, told }) => ({
      topic: state.lane.topic,
      partition: state.lane.partition,
      epoch: state.lane.epoch,
      position: told,
    }));

  /** Writes all that is pending to the live members. Returns the events written, times members. */
  flush(time: FlushTime): number {
    this.takeMatches();
    const { pending } = this;
    if (pending.length === 0) return 0;
    this.pending = [];
    if (pending.length > 1) pending.sort((a, b) => a.state.topic.priority - b.state.topic.priority);
    if (this.live.length === 0) {
      this.advanceSilently(pending);
      return 0;
    }
    const buffers: Buffer[] = [];
    const parts: FlushPart[] = [];
    let eventCount = 0;
    for (const lane of pending) {
      eventCount += lane.eventCount;
      const end = lane.state.segments.end;
      const first = lane.told;
      const chunks = splitRuns(lane.runs, MAX_FRAME_BYTES);
      for (let index = 0; index < chunks.length; index++) {
        const runs = chunks[index];
        const isLast = index === chunks.length - 1;
        const lastRun = runs[runs.length - 1];
        const pos = isLast ? end : lastRun.batch.positions.at(lastRun.to - 1);
        const prev = lane.told;
        lane.told = pos;
        buffers.push(
          this.encoder.data({
            feed: this.id,
            lane: lane.state.lane,
            prev,
            pos,
            runs,
            eventCount: chunks.length === 1 ? lane.eventCount : eventsOf(runs),
            timeMicros: time.nowMicros,
            positions: this.positions,
          }),
        );
      }
      parts.push({ lane, prev: first, pos: end, eventCount: lane.eventCount });
      lane.toldAtMs = time.nowMs;
      lane.toldCount += lane.eventCount;
      lane.runs = [];
      lane.eventCount = 0;
    }
    this.write(buffers, eventCount, parts, time);
    return eventCount * this.live.length;
  }

  /** Writes all that is pending, and tells the live members of lanes that moved on without a match. */
  tellPositions(time: FlushTime): void {
    this.flush(time);
    this.tellMoved([...this.lanes.values()].filter(hasMoved), time);
  }

  /** The same of lanes of which they were told nothing for so long; what is pending there will tell them soon. */
  tellOverduePositions(time: FlushTime, afterMs: number): void {
    this.takeMatches();
    const overdue = [];
    for (const lane of this.lanes.values()) {
      if (lane.eventCount === 0 && time.nowMs - lane.toldAtMs >= afterMs && hasMoved(lane)) overdue.push(lane);
    }
    this.tellMoved(overdue, time);
  }

  /** After the last data: the members that have not been marked since then get their marks. */
  markIdle(time: FlushTime): void {
    const { length } = this.live;
    if (!this.marks.isAnyWaiting || length === 0) return;
    if (length < MANY_MEMBERS && time.nowMs - this.wroteAtMs < MARK_ALONE_AFTER_MS) return;
    this.write([], 0, [], time);
  }

  /** Bytes per member since the last call. */
  takeWrittenBytes(): number {
    const bytes = this.writtenBytes;
    this.writtenBytes = 0;
    return bytes;
  }

  /** What it tells of a lane has changed, and no flush said so: to who is behind, the kept ones are not all there is. */
  movedOn(): void {
    for (const member of this.behind) member.nextSequence = 0;
  }

  /** What was matched for it since it did so last. */
  private takeMatches(): void {
    if (this.slot >= 0) this.matches.take(this.slot, this);
  }

  private tellMoved(moved: readonly FeedLane[], time: FlushTime): void {
    if (moved.length === 0) return;
    if (this.live.length === 0) return this.advanceSilently(moved);
    const buffers: Buffer[] = [];
    const parts: FlushPart[] = [];
    for (const lane of moved) {
      const prev = lane.told;
      lane.told = lane.state.segments.end;
      lane.toldAtMs = time.nowMs;
      parts.push({ lane, prev, pos: lane.told, eventCount: 0 });
      buffers.push(
        this.encoder.position({
          feed: this.id,
          lane: lane.state.lane,
          prev,
          pos: lane.told,
          timeMicros: time.nowMicros,
          positions: this.positions,
        }),
      );
    }
    this.write(buffers, 0, parts, time);
  }

  private write(buffers: readonly Buffer[], eventCount: number, parts: readonly FlushPart[], time: FlushTime): void {
    const bytes = buffers.length === 1 ? buffers[0] : Buffer.concat(buffers);
    if (bytes.length > 0) this.wroteAtMs = time.nowMs;
    this.marks.wrote(bytes.length, this.live.length);
    const marked = this.marks.take(time.nowMs, this.live.length);
    if (bytes.length === 0 && marked === 0) return;
    const mayBeKept = bytes.length > 0 && this.live.length >= MANY_MEMBERS;
    const mark = marked > 0 || mayBeKept ? this.nextMark() : 0;
    const markBytes = mark === 0 ? undefined : this.encoder.mark(mark);
    if (bytes.length === 0 && markBytes === undefined) return;
    const sequence = bytes.length > 0 ? ++this.sequence : this.sequence;
    const flush = new Flush(sequence, bytes, markBytes === undefined ? 0 : mark, markBytes, eventCount, parts);
    if (bytes.length > 0) this.lastFlushBytes = bytes.length;
    this.writtenBytes += bytes.length;
    const size = this.live.length;
    const from = this.marks.advance(marked, size);
    // Backwards, because a member that falls behind leaves the list and the last one takes its place.
    for (let index = size - 1; index >= 0; index--) {
      const isMarked = (index >= from ? index - from : index - from + size) < marked;
      if (isMarked || bytes.length > 0) this.live[index].offer(flush, isMarked);
    }
    if (mayBeKept && this.isAnyoneServedFromKept()) this.kept.keep(flush);
    else if (bytes.length > 0) this.kept.clear();
  }

  /** Whoever falls behind begins with the flush that it was not given, so as long as nobody does, none is of use. */
  private isAnyoneServedFromKept(): boolean {
    for (const member of this.behind) if (member.nextSequence !== 0) return true;
    return false;
  }

  /** Nobody is live: no frame is made, and the kept ones have a hole after them, so they go. */
  private advanceSilently(lanes: readonly FeedLane[]): void {
    for (const lane of lanes) {
      lane.told = lane.state.segments.end;
      lane.toldCount += lane.eventCount;
      lane.runs = [];
      lane.eventCount = 0;
    }
    this.sequence++;
    this.kept.clear();
  }
}

const hasMoved = (lane: FeedLane): boolean => lane.told < lane.state.segments.end;
