import type { Clock, Counter, Delivery, LanePosition, Log, QueueOptions } from '@distributary/distribution-core';
import { DistributionError, invalidRequest, laneName, type LaneName } from '@distributary/distribution-core';
import { DeadLetters } from './dead-letters.js';
import { type Dispatch, dispatchOf } from './dispatch.js';
import type { Entry } from './entry.js';
import { PositionCommitter } from './position-committer.js';
import { EmbeddedQueueConsumer } from './queue-consumer.js';
import { QueueLane } from './queue-lane.js';

export interface SubscriptionParts {
  readonly log: Log;
  readonly clock: Clock;
  /** Where its positions are kept. */
  readonly group: string;
  readonly dropped: Counter;
}

interface Deadline {
  readonly entry: Entry;
  readonly attempt: number;
  readonly dueMs: number;
}

/** Entries of one lane that wait or are held: a consumer may hold as many as it likes, the memory stays bounded. */
const MIN_LANE_ENTRIES = 1000;

/** One named subscription and its consumers, in the order in which they came. */
export class QueueSubscription {
  readonly options: QueueOptions;
  private readonly lanes = new Map<LaneName, QueueLane>();
  private readonly consumers: EmbeddedQueueConsumer[] = [];
  private readonly committer: PositionCommitter;
  private readonly deadLetters: DeadLetters;
  private readonly behaviour: Dispatch;
  /** Oldest first: every delivery has the same time. */
  private readonly deadlines: Deadline[] = [];
  private readonly delays = new Set<() => void>();
  private cancelAlarm: () => void = () => undefined;
  private alarmMs = Infinity;
  private isEnded = false;

  static async open(options: QueueOptions, parts: SubscriptionParts): Promise<QueueSubscription> {
    const subscription = new QueueSubscription(options, parts);
    await subscription.openLanes();
    return subscription;
  }

  private constructor(
    options: QueueOptions,
    private readonly parts: SubscriptionParts,
  ) {
    this.options = options;
    this.committer = new PositionCommitter(parts.log, parts.group);
    this.deadLetters = new DeadLetters(parts.log, parts.clock, options.deadLetterTopic, parts.dropped);
    this.behaviour = dispatchOf(options.type, this.consumers);
  }

  get isIdle(): boolean {
    return this.consumers.length === 0;
  }

  join(): EmbeddedQueueConsumer {
    if (this.options.type === 'exclusive' && !this.isIdle) {
      throw new DistributionError('subscription.taken', 'an exclusive subscription has its one consumer already');
    }
    const consumer = new EmbeddedQueueConsumer(this);
    this.consumers.push(consumer);
    return consumer;
  }

  leave(consumer: EmbeddedQueueConsumer): void {
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
    for (const entry of [...consumer.held]) this.giveBack(entry, 0);
    this.dispatch();
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    for (const { at } of deliveries) {
      const entry = this.lanes.get(laneName(at))?.entryAt(at.position);
      if (entry !== undefined) this.finish(entry);
    }
    await this.stored(deliveries.map(({ at }) => at));
  }

  async ackCumulative({ at }: Delivery): Promise<void> {
    if (this.behaviour.order !== 'lane') {
      throw invalidRequest([{ path: 'type', rule: `${this.options.type} has no cumulative acknowledgement` }]);
    }
    for (const entry of this.lanes.get(laneName(at))?.entries ?? []) {
      if (entry.position > at.position) break;
      this.finish(entry);
    }
    await this.stored([at]);
  }

  nack(consumer: EmbeddedQueueConsumer, deliveries: readonly Delivery[], delayMs: number): void {
    for (const { at } of deliveries) {
      const entry = this.lanes.get(laneName(at))?.entryAt(at.position);
      if (entry?.holder === consumer) this.fail(entry, delayMs);
    }
    this.dispatch();
  }

  /** Gives out what is ready, to those who ask. */
  dispatch(): void {
    if (this.isEnded) return;
    const nowMs = this.parts.clock.monotonicMs();
    for (const consumer of this.consumers) {
      const given: Delivery[] = [];
      const { appetite } = consumer;
      for (const lane of this.lanes.values()) {
        const max = appetite - given.length;
        if (max <= 0) break;
        for (const entry of this.behaviour.select(lane, consumer, max, nowMs))
          given.push(this.hold(entry, consumer, nowMs));
      }
      if (given.length > 0) consumer.give(given);
    }
    this.setAlarm();
  }

  async end(): Promise<void> {
    if (this.isEnded) return;
    this.isEnded = true;
    this.cancelAlarm();
    for (const cancel of this.delays) cancel();
    this.deadLetters.stop();
    for (const consumer of this.consumers.splice(0)) consumer.end();
    await Promise.all([...this.lanes.values()].map((lane) => lane.stop()));
    await this.committer.flush().catch(() => undefined);
  }

  private async openLanes(): Promise<void> {
    const { log, clock, group } = this.parts;
    const committed = new Map((await log.committed(group)).map((position) => [laneName(position), position]));
    const maxEntries = Math.max(MIN_LANE_ENTRIES, 2 * this.options.maxUnacked);
    for (const topic of this.options.topics) {
      for (const { lane, beforeFirst, last } of await log.ends(topic)) {
        const known = committed.get(laneName(lane));
        // A topic created anew since is new from its first event on.
        const begin = known !== undefined || this.options.start === 'earliest' ? beforeFirst : last;
        const lowWater = known?.epoch === lane.epoch ? known.position : begin;
        if (known?.epoch !== lane.epoch) this.committer.mark({ ...lane, position: lowWater });
        const entries = () => this.dispatch();
        this.lanes.set(laneName(lane), new QueueLane(lane, lowWater, log, clock, maxEntries, entries));
      }
    }
    // From now on it exists: `latest` is not later after a restart.
    await this.committer.flush();
    for (const lane of this.lanes.values()) lane.start();
  }

  private hold(entry: Entry, consumer: EmbeddedQueueConsumer, nowMs: number): Delivery {
    entry.state = 'held';
    entry.holder = consumer;
    entry.attempt++;
    consumer.held.add(entry);
    this.deadlines.push({ entry, attempt: entry.attempt, dueMs: nowMs + this.options.ackTimeoutMs });
    return entry.delivery();
  }

  private release(entry: Entry): void {
    entry.holder?.held.delete(entry);
    entry.holder = undefined;
  }

  private finish(entry: Entry): void {
    if (entry.state === 'dying') return;
    this.release(entry);
    entry.state = 'done';
  }

  private giveBack(entry: Entry, delayMs: number): void {
    this.release(entry);
    entry.state = 'ready';
    entry.readyAtMs = 0;
    if (delayMs <= 0) return;
    const { clock } = this.parts;
    entry.readyAtMs = clock.monotonicMs() + delayMs;
    const cancel = clock.after(delayMs, () => {
      this.delays.delete(cancel);
      this.dispatch();
    });
    this.delays.add(cancel);
  }

  /** An attempt came to nothing: what must come after the entry comes after it again. */
  private fail(entry: Entry, delayMs: number): void {
    entry.failures++;
    this.giveBack(entry, delayMs);
    const { order } = this.behaviour;
    if (order !== 'none') {
      for (const later of entry.lane.entries) {
        if (later.position <= entry.position || later.state !== 'held') continue;
        if (order === 'lane' || later.routingKey === entry.routingKey) this.giveBack(later, 0);
      }
    }
    if (entry.failures >= this.options.maxAttempts) void this.bury(entry);
  }

  private async bury(entry: Entry): Promise<void> {
    entry.state = 'dying';
    if (!(await this.deadLetters.send(entry))) return;
    entry.state = 'done';
    // Not stored: it is buried again after a restart, which is a copy and no loss.
    await this.stored([entry.lane.lane]).catch(() => undefined);
  }

  private async stored(lanes: readonly Pick<LanePosition, 'topic' | 'partition'>[]): Promise<void> {
    for (const name of new Set(lanes.map(laneName))) {
      const lane = this.lanes.get(name);
      if (lane?.advance()) this.committer.mark({ ...lane.lane, position: lane.lowWater });
    }
    this.dispatch();
    await this.committer.flush();
  }

  private expire(): void {
    this.alarmMs = Infinity;
    const nowMs = this.parts.clock.monotonicMs();
    let due = 0;
    while (due < this.deadlines.length && this.deadlines[due].dueMs <= nowMs) due++;
    for (const { entry, attempt } of this.deadlines.splice(0, due)) {
      if (entry.state === 'held' && entry.attempt === attempt) this.fail(entry, 0);
    }
    this.dispatch();
  }

  /** For the oldest delivery that is still held. */
  private setAlarm(): void {
    while (this.deadlines.length > 0 && !isOpen(this.deadlines[0])) this.deadlines.shift();
    const dueMs = this.deadlines[0]?.dueMs ?? Infinity;
    if (dueMs === this.alarmMs) return;
    this.cancelAlarm();
    this.alarmMs = dueMs;
    const { clock } = this.parts;
    if (dueMs < Infinity) this.cancelAlarm = clock.after(dueMs - clock.monotonicMs(), () => this.expire());
  }
}

const isOpen = ({ entry, attempt }: Deadline): boolean => entry.state === 'held' && entry.attempt === attempt;
