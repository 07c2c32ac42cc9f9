import type { Lane } from '../../lane.js';
import type { Clock } from '../../ports/clock.port.js';
import type { DeadLetterStore } from '../../ports/dead-letter-store.port.js';
import type { Log } from '../../ports/log.port.js';
import type { Position } from '../../position.js';
import { readLetter } from '../dead-letter-reader.js';
import type { DispatchLane } from './dispatch.js';
import { Entry } from './entry.js';

export interface ReplayLaneOptions {
  readonly store: DeadLetterStore;
  readonly log: Log;
  readonly clock: Clock;
  readonly subscriptionId: string;
  /** The topic of the dead letters, and what the broker calls it. */
  readonly topic: string;
  readonly brokerTopic: string;
  readonly epoch: string;
  readonly onEntries: () => void;
}

/** Letters that are under way at a time. */
const MAX_ENTRIES = 100;
const RETRY_MS = 500;

/**
 * Dead letters on their way to their subscription again: entries like those of a lane, in no order, whose progress the
 * index of the dead letters keeps. A letter that is acknowledged is replayed; one that fails too often is dead again.
 */
export class ReplayLane implements DispatchLane {
  readonly lane: Lane;
  readonly entries: Entry[] = [];
  private readonly byPosition = new Map<Position, Entry>();
  private readonly ids = new Map<Position, string>();
  private refilling: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(private readonly options: ReplayLaneOptions) {
    this.lane = { topic: options.topic, partition: 0, epoch: options.epoch };
  }

  entryAt(position: Position): Entry | undefined {
    return this.byPosition.get(position);
  }

  /** What is done leaves, wherever it stands. */
  advance(): boolean {
    const done = this.entries.filter(({ state }) => state === 'done');
    if (done.length === 0) return false;
    const ids = done.map(({ position }) => this.ids.get(position) as string);
    for (const entry of done) {
      this.entries.splice(this.entries.indexOf(entry), 1);
      this.byPosition.delete(entry.position);
    }
    void this.settle(ids, done);
    return false;
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return this.refilling;
  }

  /** Takes in what is to be sent again. Never rejects: what cannot be had now comes with the next call. */
  refill(): Promise<void> {
    this.refilling = this.refilling.then(() => this.takeIn()).catch(() => undefined);
    return this.refilling;
  }

  private async takeIn(): Promise<void> {
    const { store, log, clock, subscriptionId, brokerTopic } = this.options;
    if (this.isStopped || this.entries.length >= MAX_ENTRIES) return;
    const letters = await store.inReplay(subscriptionId, MAX_ENTRIES);
    for (const letter of letters) {
      const { position } = letter.letter;
      if (this.isStopped || this.ids.has(position)) continue;
      const found = await readLetter(log, brokerTopic, letter);
      if (found === undefined) {
        await store.settle([letter.deadLetterId], ['replaying'], 'discarded', clock.nowMicros());
        continue;
      }
      const entry = new Entry(this, position, letter.routingKey, found.batch, found.index);
      this.ids.set(position, letter.deadLetterId);
      this.byPosition.set(position, entry);
      this.entries.push(entry);
    }
    if (letters.length > 0) this.options.onEntries();
  }

  private async settle(ids: readonly string[], done: readonly Entry[]): Promise<void> {
    const { store, clock } = this.options;
    while (!this.isStopped) {
      try {
        // One that failed too often again is dead by now, and stays so.
        await store.settle(ids, ['replaying'], 'replayed', clock.nowMicros());
        break;
      } catch {
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
    for (const { position } of done) this.ids.delete(position);
    await this.refill();
  }
}
