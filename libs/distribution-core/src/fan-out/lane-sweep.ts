import { DistributionError } from '../errors/distribution-error.js';
import type { EventBatch } from '../event-batch.js';
import type { DedupeWindow } from '../ingest/dedupe-window.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import { BEFORE_FIRST, type Position } from '../position.js';
import { MAX_FRAME_BYTES, type FeedLane } from './feed.js';
import type { LaneState } from './lane-state.js';
import type { Member } from './member.js';
import type { PrivateFrames } from './private-frames.js';
import type { Selector } from './selector.js';

const READ_BYTES = 1024 * 1024;
const RETRY_MS = 500;

export interface LaneSweepDependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly frames: PrivateFrames;
  readonly selector: Selector;
  readonly newWindow: () => DedupeWindow;
  /** How far before a position reading starts, so that copies are known; milliseconds. */
  readonly windowMs: number;
  /** The member came nearer, or into the reach of the segments. */
  readonly onServed: (member: Member) => void;
}

/** Who waits for events that are only in the broker: one sweep per lane, however many wait. */
export class LaneSweeps {
  private readonly sweeps = new Map<LaneState, LaneSweep>();
  private readonly dependencies: Omit<LaneSweepDependencies, 'onServed'>;
  onServed: (member: Member) => void = () => undefined;

  constructor(dependencies: Omit<LaneSweepDependencies, 'onServed'>) {
    this.dependencies = dependencies;
  }

  wait(member: Member, lane: FeedLane): void {
    let sweep = this.sweeps.get(lane.state);
    if (sweep === undefined) {
      sweep = new LaneSweep(lane.state, { ...this.dependencies, onServed: (served) => this.onServed(served) });
      this.sweeps.set(lane.state, sweep);
    }
    sweep.wait(member, lane);
  }

  forget(state: LaneState): void {
    this.sweeps.get(state)?.stop();
    this.sweeps.delete(state);
  }
}

/**
 * Reads one lane from the position of the hindmost member that can be written to, and serves every waiting member on
 * the way. Members leave it when they are within the segments, have no room (they wait again when they have), or go.
 */
class LaneSweep {
  private readonly waiting = new Map<Member, FeedLane>();
  private isRunning = false;
  private isStopped = false;

  constructor(
    private readonly state: LaneState,
    private readonly deps: LaneSweepDependencies,
  ) {}

  wait(member: Member, lane: FeedLane): void {
    this.waiting.set(member, lane);
    if (this.isRunning) return;
    this.isRunning = true;
    void this.run();
  }

  stop(): void {
    this.isStopped = true;
    this.waiting.clear();
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
  }

  /** From the hindmost to the segments, or until nobody waits any more. */
  private async sweepOnce(): Promise<void> {
    const hindmost = this.hindmost();
    if (hindmost === undefined) return;
    const window = this.deps.newWindow();
    let at = await this.windowStart(hindmost);
    while (!this.isStopped && this.waiting.size > 0) {
      const next = this.hindmost();
      if (next === undefined) return;
      // A member that stands before the sweep has come since: the next sweep is for it.
      if (next < at) return;
      const { after, batches } = await this.read(at);
      at = after;
      if (batches.length === 0) return this.releaseAll(at);
      for (const batch of batches) {
        const skip = window.markDuplicates(batch);
        this.serveAll(batch, skip, at);
        at = batch.lastPosition;
      }
      this.releaseReached();
    }
  }

  /** From where it could be read: further on than asked for, if retention was there before. */
  private async read(after: Position): Promise<{ readonly after: Position; readonly batches: readonly EventBatch[] }> {
    const { lane, topic } = this.state;
    const start = { topic: topic.brokerName, partition: lane.partition, epoch: lane.epoch };
    try {
      return { after, batches: await this.deps.log.read({ ...start, after }, READ_BYTES) };
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
      return { after: beforeFirst, batches: await this.deps.log.read({ ...start, after: beforeFirst }, READ_BYTES) };
    }
  }

  /** Reading begins one dedupe window before the first event that somebody waits for: then copies of it are known. */
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
      if (member.state !== 'behind' || !member.hasRoom || member.allowance < 1) {
        this.waiting.delete(member);
        continue;
      }
      const position = member.reachedIn(lane);
      if (found === undefined || position < found) found = position;
    }
    return found;
  }

  /** The batch follows `after`: who stands before that came while it was being read, and the next sweep is for it. */
  private serveAll(batch: EventBatch, skip: Uint8Array | undefined, after: Position): void {
    for (const [member, lane] of this.waiting) {
      if (member.reachedIn(lane) < after) continue;
      while (member.state === 'behind' && member.hasRoom && member.allowance >= 1) {
        const position = member.reachedIn(lane);
        if (position >= batch.lastPosition || position >= lane.told) break;
        const selected = this.deps.selector.select(
          member.feed.matcher,
          this.state.lane.topic,
          batch,
          skip,
          position,
          lane.told,
          member.allowance,
          MAX_FRAME_BYTES,
        );
        if (selected.eventCount === 0) member.skim(lane, selected.pos);
        else this.deps.frames.advance(member, lane, selected.pos, selected.runs);
        member.progressAtMs = this.deps.clock.monotonicMs();
      }
    }
  }

  /** Who is within the segments, or could not take all of what was read, goes on from where it stands. */
  private releaseReached(): void {
    const { segments } = this.state;
    // A copy: whoever is served may wait again at once, and would be met again in this very loop.
    for (const [member, lane] of [...this.waiting]) {
      const reached = member.reachedIn(lane);
      // At the feed's place there is nothing more for it, even if the segments have moved on by now.
      const needsMore = reached < lane.told && !segments.holds(reached);
      if (needsMore && member.hasRoom && member.allowance >= 1) continue;
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
