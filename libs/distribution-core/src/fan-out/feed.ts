import type { EventBatch } from '../event-batch.js';
import type { EntryMatcher } from '../matching/entry-matcher.js';
import type { LanePosition, Position } from '../position.js';
import type { Selection } from '../subscription/subscription.js';
import type { LaneState } from './lane-state.js';
import type { Member } from './member.js';
import type { FrameEncoder, Run } from './outlet.js';
import { appendRuns, splitRuns } from './runs.js';

export interface FeedLane {
  readonly state: LaneState;
  /** The `pos` that live members were told last. */
  told: Position;
  /** Matched and not yet in a frame. */
  runs: Run[];
  eventCount: number;
}

export interface FlushPart {
  readonly lane: FeedLane;
  readonly prev: Position;
  readonly pos: Position;
}

/** What one flush wrote to every live member: one buffer, whatever it holds. */
export interface Flush {
  readonly sequence: number;
  readonly bytes: Buffer;
  readonly eventCount: number;
  /** 0, or the mark at the end of the bytes. */
  readonly mark: number;
  readonly parts: readonly FlushPart[];
}

export const MAX_FRAME_BYTES = 256 * 1024;
const MARK_EVERY_BYTES = 128 * 1024;
const MARK_EVERY_MS = 250;
const MIN_KEPT_BYTES = 64 * 1024;

export interface FlushTime {
  readonly nowMicros: number;
  readonly nowMs: number;
}

/**
 * All sessions of this process that want the same bytes: matched once, encoded once. Its last flushes are kept for
 * members that fall a little behind; a member further behind is the catch-up's.
 */
export class Feed {
  readonly live: Member[] = [];
  readonly behind = new Set<Member>();
  readonly lanes = new Map<LaneState, FeedLane>();
  sequence = 0;
  private kept: Flush[] = [];
  private keptBytes = 0;
  private bytesSinceMark = 0;
  private markedAtMs = Number.NEGATIVE_INFINITY;
  /** Since the last call of `takeRate`. */
  private writtenBytes = 0;

  constructor(
    readonly id: number,
    readonly key: string,
    readonly selection: Selection,
    readonly matcher: EntryMatcher,
    readonly encoder: FrameEncoder,
    private readonly nextMark: () => number,
  ) {}

  get memberCount(): number {
    return this.live.length + this.behind.size;
  }

  get hasPending(): boolean {
    for (const lane of this.lanes.values()) if (lane.eventCount > 0) return true;
    return false;
  }

  addLane(state: LaneState, told: Position): FeedLane {
    const lane: FeedLane = { state, told, runs: [], eventCount: 0 };
    this.lanes.set(state, lane);
    return lane;
  }

  /** `indexes` undefined: every event that `skip` does not mark. */
  collect(
    state: LaneState,
    batch: EventBatch,
    skip: Uint8Array | undefined,
    indexes: Uint32Array | undefined,
    count: number,
  ): void {
    const lane = this.lanes.get(state);
    if (lane === undefined) return;
    lane.eventCount += appendRuns(lane.runs, batch, skip, indexes, count);
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
    const pending = [...this.lanes.values()].filter((lane) => lane.eventCount > 0);
    if (pending.length === 0) return 0;
    pending.sort((a, b) => a.state.topic.priority - b.state.topic.priority);
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
      chunks.forEach((runs, index) => {
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
            eventCount: runs.reduce((sum, run) => sum + run.to - run.from, 0),
            timeMicros: time.nowMicros,
            positions: this.positions,
          }),
        );
      });
      lane.runs = [];
      lane.eventCount = 0;
      parts.push({ lane, prev: first, pos: end });
    }
    this.write(buffers, eventCount, parts, time);
    return eventCount * this.live.length;
  }

  /** Tells the live members of lanes that moved on without a match. */
  tellPositions(time: FlushTime): void {
    this.flush(time);
    const moved = [...this.lanes.values()].filter((lane) => lane.told < lane.state.segments.end);
    if (moved.length === 0) return;
    if (this.live.length === 0) return this.advanceSilently(moved);
    const buffers: Buffer[] = [];
    const parts: FlushPart[] = [];
    for (const lane of moved) {
      const prev = lane.told;
      lane.told = lane.state.segments.end;
      parts.push({ lane, prev, pos: lane.told });
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

  /** Asks for confirmation of what no mark has followed yet, a quarter of a second after the last mark. */
  markIdle(time: FlushTime): void {
    if (this.bytesSinceMark === 0 || this.live.length === 0 || time.nowMs - this.markedAtMs < MARK_EVERY_MS) return;
    this.write([], 0, [], time);
  }

  /** Bytes per member since the last call. */
  takeWrittenBytes(): number {
    const bytes = this.writtenBytes;
    this.writtenBytes = 0;
    return bytes;
  }

  /** The flush of this number, if it is still kept. */
  keptFlush(sequence: number): Flush | undefined {
    const first = this.kept[0]?.sequence;
    return first === undefined ? undefined : this.kept[sequence - first];
  }

  limitKept(bytes: number): void {
    const limit = Math.max(MIN_KEPT_BYTES, bytes);
    while (this.keptBytes > limit) this.keptBytes -= (this.kept.shift() as Flush).bytes.length;
  }

  private write(buffers: Buffer[], eventCount: number, parts: readonly FlushPart[], time: FlushTime): void {
    const dataBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    this.bytesSinceMark += dataBytes;
    let mark = 0;
    if (this.bytesSinceMark >= MARK_EVERY_BYTES || time.nowMs - this.markedAtMs >= MARK_EVERY_MS) {
      const number = this.nextMark();
      const bytes = this.encoder.mark(number);
      if (bytes !== undefined) {
        buffers.push(bytes);
        mark = number;
      }
      this.bytesSinceMark = 0;
      this.markedAtMs = time.nowMs;
    }
    if (buffers.length === 0) return;
    const flush: Flush = {
      sequence: ++this.sequence,
      bytes: buffers.length === 1 ? buffers[0] : Buffer.concat(buffers),
      eventCount,
      mark,
      parts,
    };
    this.writtenBytes += flush.bytes.length;
    this.kept.push(flush);
    this.keptBytes += flush.bytes.length;
    // Backwards, because a member that falls behind leaves the list and the last one takes its place.
    for (let index = this.live.length - 1; index >= 0; index--) this.live[index].offer(flush);
  }

  /** Nobody is live: no frame is made, and the kept ones have a hole after them, so they go. */
  private advanceSilently(lanes: readonly FeedLane[]): void {
    for (const lane of lanes) {
      lane.told = lane.state.segments.end;
      lane.runs = [];
      lane.eventCount = 0;
    }
    this.sequence++;
    this.kept = [];
    this.keptBytes = 0;
  }
}
