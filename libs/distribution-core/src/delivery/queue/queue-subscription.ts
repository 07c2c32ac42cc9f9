import { DistributionError, invalidRequest } from '../../errors/distribution-error.js';
import type { LanePlace } from '../../ports/lane-groups.port.js';
import type { Delivery, QueueOptions } from '../../ports/queue.port.js';
import { type AttemptParts, DeliveryAttempts } from './delivery-attempts.js';
import { type Dispatch, type DispatchLane, dispatchOf } from './dispatch.js';
import { LogQueueConsumer } from './queue-consumer.js';
import { SubscriptionLanes, type SubscriptionLanesParts } from './subscription-lanes.js';

export interface SubscriptionParts extends AttemptParts, SubscriptionLanesParts {
  /** Told when the last consumer has left. */
  readonly onIdle?: () => Promise<void>;
}

/** One named subscription and its consumers, in the order in which they came. */
export class QueueSubscription {
  private readonly consumers: LogQueueConsumer[] = [];
  private readonly behaviour: Dispatch;
  private readonly attempts: DeliveryAttempts;
  private readonly lanes: SubscriptionLanes;
  private isPaused = false;
  private isEnded = false;

  /** With all lanes of its topics. */
  static async open(options: QueueOptions, parts: SubscriptionParts): Promise<QueueSubscription> {
    const subscription = new QueueSubscription(options, parts);
    await subscription.lanes.open(options.topics, options.start);
    return subscription;
  }

  /** Without lanes: it takes up and releases them as it is told. */
  constructor(
    readonly options: QueueOptions,
    private readonly parts: SubscriptionParts,
  ) {
    this.behaviour = dispatchOf(options.type, this.consumers);
    this.attempts = new DeliveryAttempts(options, this.behaviour.order, parts, {
      onReady: () => this.dispatch(),
      // Not stored: it is buried again after a restart, which is a copy and no loss.
      onBuried: (entry) => this.lanes.store([entry.lane.lane]).catch(() => undefined),
    });
    this.lanes = new SubscriptionLanes(options, parts, {
      onEntries: () => this.dispatch(),
      onLost: (entry) => this.attempts.giveBack(entry, 0),
    });
  }

  get isIdle(): boolean {
    return this.consumers.length === 0;
  }

  /** Deliveries that were given out, ever. */
  get taken(): number {
    return this.attempts.taken;
  }

  /** Whether a consumer would take one more now. */
  get isAsked(): boolean {
    return this.consumers.some(({ appetite }) => appetite > 0);
  }

  /** Whether something waits to be taken. */
  get hasReady(): boolean {
    return this.lanes.hasReady;
  }

  /**
   * Topics that are newer than the subscription: from their first event on. Those that it has stay as they are. Rejects with
   * the first failure when all that can be read are.
   */
  async extend(topics: readonly string[]): Promise<void> {
    const failures = await this.lanes.openNew(topics);
    this.dispatch();
    if (failures.length > 0) throw failures[0];
  }

  /** Topics that are no more: what is held of them is nobody's, and another one of the name is new. */
  part(topics: readonly string[]): Promise<void> {
    return this.lanes.part(topics);
  }

  /** Entries from elsewhere, given out like the others. */
  addLane(lane: DispatchLane): void {
    this.lanes.add(lane);
    this.dispatch();
  }

  /** Lanes of these topics that are this process's from now on. Rejects, with none taken up, if that cannot be done now. */
  async takeUp(
    lanes: readonly LanePlace[],
    start: QueueOptions['start'],
    isMine: (lane: LanePlace) => boolean,
  ): Promise<void> {
    await this.lanes.open([...new Set(lanes.map(({ topic }) => topic))], start, isMine);
    this.dispatch();
  }

  /** As {@link SubscriptionLanes.release}. */
  release(lanes: readonly LanePlace[], waitMs: number): Promise<void> {
    return this.lanes.release(lanes, waitMs);
  }

  /** As {@link SubscriptionLanes.drop}. */
  drop(lanes: readonly LanePlace[]): Promise<void> {
    return this.lanes.drop(lanes);
  }

  /** Until it is resumed nothing is given out, and nothing that is held is overdue. */
  pause(): void {
    this.isPaused = true;
    this.attempts.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.dispatch();
  }

  join(): LogQueueConsumer {
    if (this.options.type === 'exclusive' && !this.isIdle) {
      throw new DistributionError('subscription.taken', 'an exclusive subscription has its one consumer already');
    }
    const consumer = new LogQueueConsumer(this);
    this.consumers.push(consumer);
    return consumer;
  }

  async leave(consumer: LogQueueConsumer): Promise<void> {
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
    for (const entry of [...consumer.held]) this.attempts.abandon(entry);
    this.dispatch();
    if (this.isIdle) await this.parts.onIdle?.();
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    let isGone = false;
    for (const { at } of deliveries) {
      const entry = this.lanes.entryAt(at);
      if (entry !== undefined) this.attempts.finish(entry);
      isGone ||= this.lanes.isGone(at);
    }
    await this.lanes.store(deliveries.map(({ at }) => at));
    if (isGone) throw laneGone();
  }

  /** The same, stored after at most the delay (and again if that fails); until then a crash delivers again. */
  ackSoon(deliveries: readonly Delivery[], delayMs: number): void {
    for (const { at } of deliveries) {
      const entry = this.lanes.entryAt(at);
      if (entry !== undefined) this.attempts.finish(entry);
    }
    this.lanes.storeSoon(
      deliveries.map(({ at }) => at),
      delayMs,
    );
  }

  async ackCumulative({ at }: Delivery): Promise<void> {
    if (this.behaviour.order !== 'lane') {
      throw invalidRequest([{ path: 'type', rule: `${this.options.type} has no cumulative acknowledgement` }]);
    }
    if (this.lanes.isGone(at)) throw laneGone();
    for (const entry of this.lanes.at(at)?.entries ?? []) {
      if (entry.position > at.position) break;
      this.attempts.finish(entry);
    }
    await this.lanes.store([at]);
  }

  nack(consumer: LogQueueConsumer, deliveries: readonly Delivery[], delayMs: number | undefined): void {
    for (const { at } of deliveries) {
      const entry = this.lanes.entryAt(at);
      if (entry?.holder === consumer) this.attempts.fail(entry, 'nacked', delayMs);
    }
    this.dispatch();
  }

  /** Gives out what is ready, to those who ask. */
  dispatch(): void {
    this.lanes.settled();
    if (this.isEnded || this.isPaused) return;
    const nowMs = this.parts.clock.monotonicMs();
    for (const consumer of this.consumers) {
      const given: Delivery[] = [];
      const { appetite } = consumer;
      for (const lane of this.lanes.values()) {
        const max = appetite - given.length;
        if (max <= 0) break;
        if (this.lanes.isLeaving(lane)) continue;
        for (const entry of this.behaviour.select(lane, consumer, max, nowMs))
          given.push(this.attempts.hold(entry, consumer, nowMs));
      }
      if (given.length > 0) consumer.give(given);
    }
    this.attempts.setAlarm();
  }

  async end(): Promise<void> {
    if (this.isEnded) return;
    this.isEnded = true;
    this.attempts.stop();
    for (const consumer of this.consumers.splice(0)) {
      consumer.end();
      for (const entry of [...consumer.held]) this.attempts.giveBack(entry, 0);
    }
    await this.lanes.end();
  }
}

const laneGone = () => new DistributionError('generation.stale', 'another process has the lane by now');
