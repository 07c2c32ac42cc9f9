import type { Clock, EventBatch, Lane, Log, Position } from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import { Entry } from './entry.js';

const RETRY_MS = [50, 100, 250, 500, 1000, 2000];

/**
 * The part of one lane that a subscription is busy with: entries in order, from the first that is not done to the
 * last that was read. Bounded: reading pauses while there are `maxEntries`.
 */
export class QueueLane {
  readonly entries: Entry[] = [];
  private readonly byPosition = new Map<string, Entry>();
  private readonly abort = new AbortController();
  private finished: Promise<void> = Promise.resolve();
  private resume: () => void = () => undefined;
  private failures = 0;

  constructor(
    readonly lane: Lane,
    /** Everything up to here is done. */
    public lowWater: Position,
    private readonly log: Log,
    private readonly clock: Clock,
    private readonly maxEntries: number,
    private readonly onEntries: () => void,
  ) {}

  start(): void {
    this.finished = this.run();
  }

  async stop(): Promise<void> {
    this.abort.abort();
    this.resume();
    await this.finished;
  }

  entryAt(position: Position): Entry | undefined {
    return this.byPosition.get(position);
  }

  /** Drops what is done at the front; true if that moved the low water. */
  advance(): boolean {
    let done = 0;
    while (done < this.entries.length && this.entries[done].state === 'done') done++;
    if (done === 0) return false;
    for (const entry of this.entries.splice(0, done)) {
      this.byPosition.delete(entry.position);
      this.lowWater = entry.position;
    }
    if (this.entries.length < this.maxEntries) this.resume();
    return true;
  }

  private async run(): Promise<void> {
    let after = this.lowWater;
    while (!this.abort.signal.aborted) {
      try {
        const { topic, partition, epoch } = this.lane;
        const start = { topic, partition, epoch, after };
        for await (const batch of this.log.tail(start, { signal: this.abort.signal })) {
          this.failures = 0;
          this.take(batch);
          after = batch.lastPosition;
          await this.room();
        }
        return;
      } catch (error) {
        const next = await this.recover(error, after);
        if (next === undefined) return;
        after = next;
      }
    }
  }

  private take(batch: EventBatch): void {
    for (let index = 0; index < batch.count; index++) {
      const entry = new Entry(this, batch.positions.at(index), batch.routingKeyAt(index), batch, index);
      this.entries.push(entry);
      this.byPosition.set(entry.position, entry);
    }
    this.onEntries();
  }

  private room(): Promise<void> | undefined {
    if (this.entries.length < this.maxEntries || this.abort.signal.aborted) return undefined;
    return new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  /** Where to read on; undefined if there is nothing left to read. */
  private async recover(error: unknown, after: Position): Promise<Position | undefined> {
    const code = error instanceof DistributionError ? error.code : undefined;
    if (code === 'topic.not_found') return undefined;
    if (code === 'position.lost') {
      // Retention outran the subscription: at-least-once covers events inside retention only.
      const ends = await this.log.ends(this.lane.topic).catch(() => undefined);
      const lane = ends?.[this.lane.partition];
      if (lane !== undefined) return lane.lane.epoch === this.lane.epoch ? lane.beforeFirst : undefined;
    }
    const pauseMs = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
    await this.pause(pauseMs);
    return this.abort.signal.aborted ? undefined : after;
  }

  private pause(ms: number): Promise<void> {
    const { signal } = this.abort;
    return new Promise((resolve) => {
      const resume = () => {
        cancel();
        signal.removeEventListener('abort', resume);
        resolve();
      };
      const cancel = this.clock.after(ms, resume);
      signal.addEventListener('abort', resume, { once: true });
    });
  }
}
