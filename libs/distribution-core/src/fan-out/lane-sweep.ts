import { DistributionError } from '../errors/distribution-error.js';
import type { EventBatch } from '../event-batch.js';
import type { DedupeWindow } from '../ingest/dedupe-window.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import { BEFORE_FIRST, type Position } from '../position.js';
import type { FeedLane } from './feed.js';
import { copiesByIds } from './known-copies.js';
import type { LaneState } from './lane-state.js';
import { LaneStretch } from './lane-stretch.js';
import type { LogConflation } from './log-conflation.js';
import type { Member } from './member.js';
import type { PrivateFrames } from './private-frames.js';
import type { MemoryBudget } from './memory-budget.js';
import type { SegmentReplay } from './segment-replay.js';
import type { Segments } from './segments.js';

/** So many reads fit into the share of a lane. */
const KEPT_READS = 4;
/** A member that has had no room for so long is not waited for. */
const PATIENCE_MS = 200;
const RETRY_MS = 500;
/** A stretch is kept for so long after its last reader. */
const KEPT_MS = 2_000;

export interface LaneSweepDependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly frames: PrivateFrames;
  readonly replay: SegmentReplay;
  readonly conflation: LogConflation;
  readonly newWindow: () => DedupeWindow;
  /** Of what all sweeps have read last. */
  readonly budget: MemoryBudget;
  /** How far before a position reading starts, so that copies are known; milliseconds. */
  readonly windowMs: number;
  /** What a lane may keep of what it has read. */
  readonly shareBytes: () => number;
  /** The member came nearer, or into the reach of the segments. */
  readonly onServed: (member: Member) => void;
}

/**
 * Reads one lane from the position of the hindmost member that can be written to, and serves every waiting member on
 * the way. Members leave it when they are within the segments, have no room (they wait again when they have), or go.
 *
 * What it read last is kept for a while: members of a herd have room at different moments, and each of them would begin a
 * sweep of its own, mostly where it stands.
 */
export class LaneSweep {
  private readonly waiting = new Map<Member, FeedLane>();
  /** Were served and have no room; they wait again when they have. */
  private readonly full = new Map<Member, FeedLane>();
  private onWait: () => void = () => undefined;
  private stretch: LaneStretch | undefined;
  private cancelDrop: () => void = () => undefined;
  private isRunning = false;
  private isStopped = false;

  constructor(
    private readonly state: LaneState,
    private readonly deps: LaneSweepDependencies,
  ) {}

  /** Somebody waits, or may wait again soon. */
  get isUnderway(): boolean {
    return this.isRunning || this.stretch !== undefined;
  }

  wait(member: Member, lane: FeedLane): void {
    this.full.delete(member);
    this.waiting.set(member, lane);
    this.onWait();
    if (this.isRunning) return;
    this.isRunning = true;
    void this.run();
  }

  stop(): void {
    this.isStopped = true;
    this.waiting.clear();
    this.full.clear();
    this.drop();
    this.onWait();
  }

  private drop(): void {
    this.stretch?.drop();
    this.stretch = undefined;
  }

  private async run(): Promise<void> {
    // Members that come in this turn, a herd after a restart, say, are served together.
    await new Promise<void>((resolve) => this.deps.clock.soon(resolve));
    while (!this.isStopped && this.waiting.size > 0) {
      try {
        await this.sweepOnce();
      } catch (error) {
        if (error instanceof DistributionError && error.code === 'topic.not_found') break;
        await new Promise<void>((resolve) => this.deps.clock.after(RETRY_MS, resolve));
      }
    }
    this.isRunning = false;
    if (this.isStopped) return;
    this.cancelDrop();
    // Who has no room now will wait again, and mostly go on where the stretch ends.
    this.cancelDrop = this.deps.clock.after(KEPT_MS, () => this.isRunning || this.drop());
  }

  /** Serves who waits from the stretch, and reads on when it has nothing more for any of them. */
  private async sweepOnce(): Promise<void> {
    const hindmost = this.hindmost();
    if (hindmost === undefined) return;
    const stretch = this.stretch?.covers(hindmost) ? this.stretch : await this.beginAt(hindmost);
    while (!this.isStopped && this.waiting.size > 0) {
      const next = this.hindmost();
      if (next === undefined) return;
      // A member that stands before the stretch has come since: the next sweep is for it.
      if (!stretch.covers(next)) return;
      this.serveAll(stretch.segments);
      this.releaseReached();
      const rest = this.hindmost();
      if (rest === undefined || rest < stretch.segments.end) continue;
      stretch.trim(this.deps.shareBytes(), (segments) => this.isNeeded(segments));
      if (stretch.segments.bytes > this.deps.shareBytes()) {
        await this.somebody();
        continue;
      }
      const { after, batches } = await this.read(stretch.segments.end);
      if (this.isStopped) return;
      // Too many have come since it began.
      if (!stretch.knowsCopies) return this.drop();
      if (batches.length === 0) return this.releaseAll(after);
      if (stretch.add(after, batches)) this.serveAll(stretch.segments);
      // The tail is about to read them, too.
      else await this.somebody();
    }
  }

  private get readBytes(): number {
    return this.deps.shareBytes() / KEPT_READS;
  }

  /** Whether a member that will have room in a moment needs the oldest of what was read. */
  private isNeeded({ oldest }: Segments): boolean {
    if (oldest === undefined) return false;
    const nowMs = this.deps.clock.monotonicMs();
    for (const [member, lane] of this.full) {
      if (member.state !== 'behind' || nowMs - member.progressAtMs > PATIENCE_MS) this.full.delete(member);
      else if (member.reachedIn(lane) < oldest.batch.lastPosition) return true;
    }
    return false;
  }

  /** Until a member waits (again), but not for long. */
  private somebody(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.deps.clock.after(PATIENCE_MS, resolve);
      this.onWait = () => {
        cancel();
        resolve();
      };
    });
  }

  private async beginAt(hindmost: Position): Promise<LaneStretch> {
    this.drop();
    const { copies } = this.state;
    this.stretch = copies.coversFrom(hindmost)
      ? new LaneStretch(hindmost, copies, this.deps.budget)
      : new LaneStretch(await this.windowStart(hindmost), copiesByIds(this.deps.newWindow()), this.deps.budget);
    return this.stretch;
  }

  /** From where it could be read: further on than asked for, if retention was there before. */
  private async read(after: Position): Promise<{ readonly after: Position; readonly batches: readonly EventBatch[] }> {
    const { lane, topic } = this.state;
    const start = { topic: topic.brokerName, partition: lane.partition, epoch: lane.epoch };
    try {
      return { after, batches: await this.deps.log.read({ ...start, after }, this.readBytes) };
    } catch (error) {
      if (!(error instanceof DistributionError) || error.code !== 'position.lost') throw error;
      const ends = (await this.deps.log.ends(topic.brokerName))[lane.partition];
      for (const [member, feedLane] of this.waiting) {
        // It may have found its way, or have been paused, while this waited for the broker.
        if (member.state !== 'behind') continue;
        // What lies beyond the feed's place is the tail's to tell, to all of its members.
        const to = ends.beforeFirst < feedLane.told ? ends.beforeFirst : feedLane.told;
        if (member.reachedIn(feedLane) < to) this.deps.frames.gap(member, feedLane, to, 'expired');
      }
      const { beforeFirst } = ends;
      return {
        after: beforeFirst,
        batches: await this.deps.log.read({ ...start, after: beforeFirst }, this.readBytes),
      };
    }
  }

  /** Where the tail does not know of copies any more, reading begins one dedupe window before the first event that somebody waits for. */
  private async windowStart(hindmost: Position): Promise<Position> {
    if (hindmost === BEFORE_FIRST) return hindmost;
    const [first] = (await this.read(hindmost)).batches;
    if (first === undefined) return hindmost;
    const { log, windowMs } = this.deps;
    const { lane, topic } = this.state;
    const from = await log.seek(topic.brokerName, lane.partition, first.appendedMicros - windowMs * 1000);
    return from < hindmost ? from : hindmost;
  }

  private hindmost(): Position | undefined {
    let found: Position | undefined;
    for (const [member, lane] of this.waiting) {
      if (member.state !== 'behind' || !this.mayGoOn(member, lane)) {
        this.waiting.delete(member);
        if (member.state === 'behind') this.full.set(member, lane);
        continue;
      }
      const position = member.reachedIn(lane);
      if (found === undefined || position < found) found = position;
    }
    return found;
  }

  /** A frame for each in turn: who stands at one place gets the same bytes. */
  private serveAll(stretch: Segments): void {
    for (let isMoving = true; isMoving;) {
      isMoving = false;
      for (const [member, lane] of this.waiting) {
        if (member.state !== 'behind' || !this.mayGoOn(member, lane)) continue;
        const reached = member.reachedIn(lane);
        if (reached >= lane.told || reached >= stretch.end || !stretch.holds(reached)) continue;
        this.serve(member, lane, stretch);
        isMoving = true;
      }
    }
  }

  private mayGoOn(member: Member, lane: FeedLane): boolean {
    return member.hasRoom && (member.allowance >= 1 || this.deps.conflation.mayReadOn(member, lane));
  }

  /** What was begun to be merged goes on being so until there is nothing more to read: then it is one frame. */
  private serve(member: Member, lane: FeedLane, stretch: Segments): void {
    const { conflation, replay } = this.deps;
    const isMerging = member.mergingIn(lane) !== undefined;
    if ((isMerging || member.allowance < 1) && conflation.mayReadOn(member, lane)) {
      return conflation.read(member, lane, stretch);
    }
    if (isMerging) conflation.send(member, lane);
    if (member.allowance >= 1) replay.send(member, lane, stretch);
  }

  /** Who is within the segments, or could not take all of what was read, goes on from where it stands. */
  private releaseReached(): void {
    const { segments } = this.state;
    // A copy: whoever is served may wait again at once, and would be met again in this very loop.
    for (const [member, lane] of [...this.waiting]) {
      const reached = member.reachedIn(lane);
      // At the feed's place there is nothing more for it, even if the segments have moved on by now.
      const needsMore = reached < lane.told && !segments.holds(reached);
      if (needsMore && this.mayGoOn(member, lane)) continue;
      this.waiting.delete(member);
      this.deps.onServed(member);
    }
  }

  /** The broker has nothing after `at`, so nothing of them is missing before the segments. */
  private releaseAll(at: Position): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    const { start } = this.state.segments;
    for (const [member, lane] of waiting) {
      if (member.reachedIn(lane) >= at && member.reachedIn(lane) < start) member.skim(lane, start);
      this.deps.onServed(member);
    }
  }
}
