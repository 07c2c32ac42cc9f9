import { DistributionError } from '../errors/distribution-error.js';
import type { EventBatch } from '../event-batch.js';
import type { DedupeWindow } from '../ingest/dedupe-window.js';
import type { Lane } from '../lane.js';
import { pause } from '../pause.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import { BEFORE_FIRST, type Position } from '../position.js';

export interface LaneTailHandlers {
  /** In order; `skip` marks copies. Not called before `rewound` for what is older than the rewind. */
  onBatch(batch: EventBatch, skip: Uint8Array | undefined): void;
  /** Retention overtook the tail: (from, to] is not to be had any more. */
  onGap(from: Position, to: Position): void;
  /** The broker does not answer (true), or does so again (false). */
  onStalled(isStalled: boolean): void;
  /** The topic was deleted. */
  onGone(): void;
}

export interface LaneTailOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly lane: Lane;
  /** What the broker calls the topic. */
  readonly brokerTopic: string;
  readonly window: DedupeWindow;
  /** Read from here, but only to know the ids of the dedupe window. */
  readonly windowFrom: Position;
  /** Batches after this are handed on. */
  readonly from: Position;
  /** Where the lane ended when the tail was opened: reaching it makes the tail ready. */
  readonly readyAt: Position;
}

const RETRY_MS = [50, 100, 250, 500, 1000, 2000];

/**
 * Reads one lane once for the whole process. States: rewinding (until `readyAt`), following, stalled (the broker does
 * not answer: tried again with growing pauses, for ever, since the lane has nowhere else to go), stopped.
 */
export class LaneTail {
  private readonly abort = new AbortController();
  private at: Position;
  private failures = 0;
  private resolveReady: () => void = () => undefined;
  /** Resolves when the tail has caught up with `readyAt`, or has ended. */
  readonly ready = new Promise<void>((resolve) => {
    this.resolveReady = resolve;
  });
  private readonly finished: Promise<void>;

  constructor(
    private readonly options: LaneTailOptions,
    private readonly handlers: LaneTailHandlers,
  ) {
    this.at = options.windowFrom;
    if (this.at >= options.readyAt) this.resolveReady();
    this.finished = this.run();
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.finished;
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      try {
        await this.follow();
      } catch (error) {
        if (signal.aborted) break;
        if (!(await this.recover(error))) break;
      }
    }
    this.resolveReady();
  }

  private async follow(): Promise<void> {
    const { log, lane, brokerTopic, window, from, readyAt } = this.options;
    const start = { topic: brokerTopic, partition: lane.partition, after: this.at, epoch: lane.epoch };
    for await (const batch of log.tail(start, { signal: this.abort.signal })) {
      if (this.failures > 0) {
        this.failures = 0;
        this.handlers.onStalled(false);
      }
      const skip = window.markDuplicates(batch);
      if (batch.lastPosition > from) this.handlers.onBatch(batch, skipUpTo(batch, from, skip));
      this.at = batch.lastPosition;
      if (this.at >= readyAt) this.resolveReady();
    }
  }

  /** False if there is nothing left to follow. */
  private async recover(error: unknown): Promise<boolean> {
    const code = error instanceof DistributionError ? error.code : undefined;
    if (code === 'topic.not_found') {
      this.handlers.onGone();
      return false;
    }
    if (code === 'position.lost') return this.skipLost();
    if (this.failures === 0) this.handlers.onStalled(true);
    const pauseMs = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
    await pause(this.options.clock, pauseMs, this.abort.signal);
    return true;
  }

  private async skipLost(): Promise<boolean> {
    const { log, lane, brokerTopic } = this.options;
    try {
      const ends = (await log.ends(brokerTopic))[lane.partition];
      if (ends.lane.epoch !== lane.epoch) {
        this.handlers.onGone();
        return false;
      }
      // The broker contradicts itself, and nothing is seen to be missing: to go back would hand on everything again, for ever.
      if (ends.beforeFirst <= this.at && this.at <= ends.last) return await this.recover(undefined);
      // What lies before the first that is handed on is missed by nobody.
      if (this.at >= this.options.from || ends.beforeFirst > this.options.from) {
        this.handlers.onGap(this.at, ends.beforeFirst);
      }
      this.at = ends.beforeFirst;
      return true;
    } catch (error) {
      return this.recover(error instanceof DistributionError && error.code === 'position.lost' ? undefined : error);
    }
  }
}

/** A batch may begin before the position from which events are wanted: those are skipped like copies. */
function skipUpTo(batch: EventBatch, from: Position, skip: Uint8Array | undefined): Uint8Array | undefined {
  const first = from === BEFORE_FIRST ? 0 : batch.positions.indexAfter(from);
  if (first === 0) return skip;
  const marked = skip ?? new Uint8Array(batch.count);
  marked.fill(1, 0, first);
  return marked;
}
