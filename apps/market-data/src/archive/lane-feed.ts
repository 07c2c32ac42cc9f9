import {
  BEFORE_FIRST,
  type Clock,
  DEDUPE_WINDOW_MS,
  DedupeWindow,
  DistributionError,
  type EventBatch,
  type Lane,
  type Log,
  pause,
  type Position,
} from '@distributary/distribution-core';
import type { Archive } from './archive.js';
import { archiveRowOf, isArchivable } from './event-row.js';

export interface FeedParts {
  readonly log: Pick<Log, 'ends' | 'read' | 'seek' | 'tail'>;
  readonly archive: Pick<Archive, 'append' | 'resumeFrom'>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const RETRY_MS = 1_000;
/** Events are parsed on the event loop: of one batch for some milliseconds. */
const BATCH_BYTES = 256 * 1024;

/**
 * One lane of the log into the archive, each event once. The next batch is read when the archive has room, so a disk that
 * is slow leaves events in the log. What fails is tried again from what the archive took last, until the signal aborts or
 * the topic is gone.
 */
export class LaneFeed {
  private followsGap = false;

  constructor(
    private readonly lane: Lane,
    /** What the archive has of the lane, up to and including it. */
    private at: Position,
    private readonly parts: FeedParts,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!(await this.follow(signal))) return;
      } catch (error) {
        if (signal.aborted) return;
        const code = error instanceof DistributionError ? error.code : undefined;
        if (code === 'topic.not_found') return;
        if (code !== 'position.lost') this.parts.onError(error);
      }
      await pause(this.parts.clock, RETRY_MS, signal);
    }
  }

  /** False if the topic was made anew. */
  private async follow(signal: AbortSignal): Promise<boolean> {
    const { log } = this.parts;
    const { lane } = this;
    const ends = (await log.ends(lane.topic)).find((each) => each.lane.partition === lane.partition);
    if (ends?.lane.epoch !== lane.epoch) return false;
    if (this.at < ends.beforeFirst) {
      this.followsGap ||= this.at !== BEFORE_FIRST;
      this.at = ends.beforeFirst;
    }
    const window = new DedupeWindow();
    const start = { ...lane, after: await this.windowStart() };
    for await (const batch of log.tail(start, { signal, maxBatchBytes: BATCH_BYTES })) {
      const copies = window.markDuplicates(batch);
      if (batch.lastPosition > this.at) await this.take(batch, copies);
    }
    return true;
  }

  /** One dedupe window before the next event, so that a copy of an archived event is known as one. */
  private async windowStart(): Promise<Position> {
    const { log, clock } = this.parts;
    const { topic, partition } = this.lane;
    if (this.at === BEFORE_FIRST) return this.at;
    const [next] = await log.read({ ...this.lane, after: this.at }, 1);
    const nextMicros = Math.min(next?.appendedMicros ?? clock.nowMicros(), clock.nowMicros());
    const start = await log.seek(topic, partition, Math.max(0, nextMicros - DEDUPE_WINDOW_MS * 1_000));
    return start < this.at ? start : this.at;
  }

  private async take(batch: EventBatch, copies: Uint8Array | undefined): Promise<void> {
    const { archive } = this.parts;
    const rows = [];
    for (let index = batch.positions.indexAfter(this.at); index < batch.count; index++) {
      if (copies?.[index] !== 1 && isArchivable(batch, index)) rows.push(archiveRowOf(batch, index));
    }
    if (rows.length > 0) {
      await archive.append({ lane: this.lane, rows, followsGap: this.followsGap });
      this.followsGap = false;
    }
    this.at = batch.lastPosition;
  }
}
