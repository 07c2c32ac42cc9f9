import { DistributionError } from '../../errors/distribution-error.js';
import type { EventBatch } from '../../event-batch.js';
import type { DedupeWindow } from '../../ingest/dedupe-window.js';
import type { Lane } from '../../lane.js';
import type { EntryMatcher } from '../../matching/entry-matcher.js';
import type { Clock } from '../../ports/clock.port.js';
import type { Above, StoredPosition } from '../../ports/cursor-store.port.js';
import type { Log } from '../../ports/log.port.js';
import { pause } from '../../pause.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../../position.js';
import type { DispatchLane } from './dispatch.js';
import { Entry } from './entry.js';
import type { MarkedLane } from './position-committer.js';

const RETRY_MS = [50, 100, 250, 500, 1000, 2000];
const FIRST_READ_BYTES = 64 * 1024;

export interface QueueLaneOptions {
  readonly lane: Lane;
  /** What the broker calls the topic. */
  readonly brokerTopic: string;
  /** Everything up to here is done. */
  readonly lowWater: Position;
  readonly above: Above | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly maxEntries: number;
  /** Picks the events that are delivered; without it all are. */
  readonly matcher: EntryMatcher | undefined;
  /** With it, copies are not delivered. */
  readonly window: { readonly copies: DedupeWindow; readonly ms: number } | undefined;
  readonly onEntries: () => void;
  /** Something was read that nobody has to be given. */
  readonly onPassed: (lane: QueueLane) => void;
}

/**
 * The part of one lane that a subscription is busy with: entries in order, from the first that is not done to the
 * last that was read. Bounded: reading pauses while there are `maxEntries`.
 */
export class QueueLane implements DispatchLane, MarkedLane {
  readonly entries: Entry[] = [];
  readonly lane: Lane;
  lowWater: Position;
  private readTo: Position;
  private readonly byPosition = new Map<string, Entry>();
  private readonly acked: Set<Position>;
  private readonly failures: Map<Position, number>;
  private readonly abort = new AbortController();
  private scratch = new Uint32Array(256);
  private finished: Promise<void> = Promise.resolve();
  private resume: () => void = () => undefined;
  private brokerFailures = 0;

  constructor(private readonly options: QueueLaneOptions) {
    this.lane = options.lane;
    this.lowWater = options.lowWater;
    this.readTo = options.lowWater;
    this.acked = new Set(options.above?.acked ?? []);
    this.failures = new Map(Object.entries(options.above?.failures ?? {}));
  }

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

  /** Whether this reading of the lane has come to it. What an earlier one gave out is not known here. */
  hasRead({ epoch, position }: Pick<LanePosition, 'epoch' | 'position'>): boolean {
    return epoch === this.lane.epoch && position <= this.readTo;
  }

  /** Drops what is done at the front; true if that moved the low water. */
  advance(): boolean {
    let done = 0;
    while (done < this.entries.length && this.entries[done].state === 'done') done++;
    const before = this.lowWater;
    for (const entry of this.entries.splice(0, done)) {
      this.byPosition.delete(entry.position);
      this.lowWater = entry.position;
    }
    if (this.entries.length === 0) this.lowWater = this.readTo;
    if (this.entries.length < this.options.maxEntries) this.resume();
    return this.lowWater !== before;
  }

  /** What a later owner has to know: everything up to the low water is done, and above it only what is named. */
  stored(): StoredPosition {
    const acked: Position[] = [];
    const failures: Record<Position, number> = {};
    for (const entry of this.entries) {
      if (entry.state === 'done') acked.push(entry.position);
      else if (entry.failures > 0) failures[entry.position] = entry.failures;
    }
    const hasAbove = acked.length > 0 || Object.keys(failures).length > 0;
    return { ...this.lane, position: this.lowWater, ...(hasAbove && { above: { acked, failures } }) };
  }

  private async run(): Promise<void> {
    const { log, window, brokerTopic } = this.options;
    const { partition, epoch } = this.lane;
    let after: Position | undefined;
    while (!this.abort.signal.aborted) {
      try {
        after ??= window === undefined ? this.lowWater : await this.windowStart(window.ms);
        const start = { topic: brokerTopic, partition, epoch, after };
        for await (const batch of log.tail(start, { signal: this.abort.signal })) {
          this.brokerFailures = 0;
          this.take(batch);
          after = batch.lastPosition;
          await this.room();
        }
        return;
      } catch (error) {
        const next = await this.recover(error, after ?? this.lowWater);
        if (next === undefined) return;
        after = next;
      }
    }
  }

  /** Reading begins one dedupe window before the first event, so that every reader drops the same copies. */
  private async windowStart(windowMs: number): Promise<Position> {
    const { log, clock, brokerTopic } = this.options;
    const { partition, epoch } = this.lane;
    if (this.lowWater === BEFORE_FIRST) return this.lowWater;
    const at = { topic: brokerTopic, partition, epoch, after: this.lowWater };
    const [first] = await log.read(at, FIRST_READ_BYTES);
    const micros = (first?.appendedMicros ?? clock.nowMicros()) - windowMs * 1000;
    const from = await log.seek(brokerTopic, partition, micros);
    return from < this.lowWater ? from : this.lowWater;
  }

  private take(batch: EventBatch): void {
    const { matcher, window } = this.options;
    const skip = window?.copies.markDuplicates(batch);
    const from = batch.positions.indexAfter(this.readTo);
    if (from >= batch.count) return;
    this.readTo = batch.lastPosition;
    const before = this.entries.length;
    if (matcher === undefined) {
      for (let index = from; index < batch.count; index++) if (skip?.[index] !== 1) this.add(batch, index);
    } else {
      if (this.scratch.length < batch.count) this.scratch = new Uint32Array(batch.count);
      const count = matcher.match(this.lane.topic, batch, skip, from, this.scratch);
      for (let at = 0; at < count; at++) this.add(batch, this.scratch[at]);
    }
    if (this.entries.length === before || this.entries[before].state === 'done') {
      if (this.advance()) this.options.onPassed(this);
    }
    this.options.onEntries();
  }

  private add(batch: EventBatch, index: number): void {
    const entry = new Entry(this, batch.positions.at(index), batch.routingKeyAt(index), batch, index);
    if (this.acked.delete(entry.position)) entry.state = 'done';
    const failures = this.failures.get(entry.position);
    if (failures !== undefined) {
      this.failures.delete(entry.position);
      entry.failures = failures;
      entry.attempt = failures;
    }
    this.entries.push(entry);
    this.byPosition.set(entry.position, entry);
  }

  private room(): Promise<void> | undefined {
    if (this.entries.length < this.options.maxEntries || this.abort.signal.aborted) return undefined;
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
      const ends = await this.options.log.ends(this.options.brokerTopic).catch(() => undefined);
      const lane = ends?.[this.lane.partition];
      if (lane !== undefined && lane.lane.epoch !== this.lane.epoch) return undefined;
      // Where the lane still has the place the broker contradicts itself: to go back would read everything again, for ever.
      if (lane !== undefined && (after < lane.beforeFirst || lane.last < after)) return lane.beforeFirst;
    }
    const pauseMs = RETRY_MS[Math.min(this.brokerFailures++, RETRY_MS.length - 1)];
    await pause(this.options.clock, pauseMs, this.abort.signal);
    return this.abort.signal.aborted ? undefined : after;
  }
}
