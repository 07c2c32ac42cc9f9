import type { EventBatch } from '../../event-batch.js';
import type { Lane } from '../../lane.js';
import type { EntryMatcher } from '../../matching/entry-matcher.js';
import type { Position } from '../../position.js';
import type { DispatchLane } from './dispatch.js';
import { Entry } from './entry.js';

export interface SourceLaneOptions {
  readonly lane: Lane;
  /** Picks the events that are delivered; without it all are. */
  readonly matcher: EntryMatcher | undefined;
  ack(positions: readonly Position[]): Promise<void>;
}

/**
 * Events of one lane that the broker has given to this process, and takes back unless they are acknowledged one by one.
 * Bounded by what the broker gives out unacknowledged.
 */
export class SourceLane implements DispatchLane {
  readonly lane: Lane;
  readonly entries: Entry[] = [];
  private readonly byPosition = new Map<Position, Entry>();
  private acking: Promise<void> = Promise.resolve();
  private scratch = new Uint32Array(256);

  constructor(private readonly options: SourceLaneOptions) {
    this.lane = options.lane;
  }

  entryAt(position: Position): Entry | undefined {
    return this.byPosition.get(position);
  }

  put(batch: EventBatch, redeliveries: readonly number[]): void {
    const { matcher } = this.options;
    if (this.scratch.length < batch.count) this.scratch = new Uint32Array(batch.count);
    let count = batch.count;
    if (matcher !== undefined) count = matcher.match(this.lane.topic, batch, undefined, 0, this.scratch);
    const passed: Position[] = [];
    for (let index = 0, at = 0; index < batch.count; index++) {
      const isWanted = matcher === undefined || (at < count && this.scratch[at] === index);
      if (!isWanted) passed.push(batch.positions.at(index));
      else {
        at++;
        this.add(batch, index, redeliveries[index]);
      }
    }
    if (passed.length > 0) this.options.ack(passed).catch(() => undefined);
  }

  /** What is not held will come again, here or elsewhere. */
  dropReady(): void {
    const kept = this.entries.filter(({ state }) => state !== 'ready');
    for (const { state, position } of this.entries) if (state === 'ready') this.byPosition.delete(position);
    this.entries.splice(0, this.entries.length, ...kept);
  }

  /** What is done leaves, wherever it stands, and the broker is told. */
  advance(): boolean {
    const done = this.entries.filter(({ state }) => state === 'done').map(({ position }) => position);
    if (done.length === 0) return false;
    const kept = this.entries.filter(({ state }) => state !== 'done');
    this.entries.splice(0, this.entries.length, ...kept);
    for (const position of done) this.byPosition.delete(position);
    this.acking = this.options.ack(done);
    this.acking.catch(() => undefined);
    return false;
  }

  /** Rejects if it is not known whether the broker has heard of what left last. */
  acknowledged(): Promise<void> {
    return this.acking;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  private add(batch: EventBatch, index: number, redeliveries: number): void {
    const position = batch.positions.at(index);
    if (this.byPosition.has(position)) return;
    const entry = new Entry(this, position, batch.routingKeyAt(index), batch, index);
    entry.attempt = redeliveries;
    this.byPosition.set(position, entry);
    // What comes again lies before what is newer; mostly this is the end.
    let at = this.entries.length;
    while (at > 0 && this.entries[at - 1].position > position) at--;
    this.entries.splice(at, 0, entry);
  }
}
