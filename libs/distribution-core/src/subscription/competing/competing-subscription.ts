import type { LogQueueConsumer } from '../../delivery/queue/queue-consumer.js';
import type { QueueSubscription } from '../../delivery/queue/queue-subscription.js';
import type { DistributionError } from '../../errors/distribution-error.js';
import type { Delivery } from '../../ports/queue.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import { SoleSupply } from './sole-supply.js';
import { SpreadSupply } from './spread-supply.js';
import type { Supply, SupplyEvents, SupplyOrder } from './supply.js';

/** What a session that takes part is told of. */
export interface SeatEvents {
  onSuspended(): void;
  onResumed(): void;
  /** Another process has taken the subscription, or it was paused or deleted. */
  onLost(reason: DistributionError): void;
}

/** One session's place among those that compete. */
export class Seat {
  private consumer: LogQueueConsumer;

  constructor(
    private readonly of: CompetingSubscription,
    private readonly engine: QueueSubscription,
    readonly events: SeatEvents,
  ) {
    this.consumer = engine.join();
  }

  get generation(): number {
    return this.of.generation;
  }

  get maxUnacked(): number {
    return this.engine.options.maxUnacked;
  }

  receive(max: number, signal: AbortSignal): Promise<readonly Delivery[]> {
    return this.consumer.receive(max, signal);
  }

  ack(deliveries: readonly Delivery[]): void {
    this.engine.ackSoon(deliveries, this.of.ackFlushMs);
  }

  nack(deliveries: readonly Delivery[], delayMs: number | undefined): void {
    this.engine.nack(this.consumer, deliveries, delayMs);
  }

  /** Gives back what it holds; the last one gives the subscription up. */
  async leave(): Promise<void> {
    await this.consumer.close();
    await this.of.left(this);
  }
}

/** A subscription of a shared type while sessions of this process receive it: they all share one engine. */
export class CompetingSubscription {
  private constructor(
    private readonly supply: Supply,
    readonly ackFlushMs: number,
    private readonly seats: Set<Seat>,
  ) {}

  /**
   * `topic.not_found` if no topic matches; `subscription.taken` while another process receives it and the broker does not
   * spread it.
   */
  static async open(order: Omit<SupplyOrder, 'events'>, onEnded: () => void): Promise<CompetingSubscription> {
    const seats = new Set<Seat>();
    const events: SupplyEvents = {
      onSuspended: () => seats.forEach((seat) => seat.events.onSuspended()),
      onResumed: () => seats.forEach((seat) => seat.events.onResumed()),
      onLost: (reason) => {
        for (const seat of [...seats]) seat.events.onLost(reason);
        seats.clear();
      },
      onEnded,
    };
    const { spreading, limits } = order.deps;
    const supply = await (spreading === undefined
      ? SoleSupply.open({ ...order, events })
      : SpreadSupply.open({ ...order, events }, spreading));
    return new CompetingSubscription(supply, limits.ackFlushMs, seats);
  }

  get generation(): number {
    return this.supply.generation;
  }

  /** Nobody may join it any more. */
  get isOver(): boolean {
    return this.supply.isOver;
  }

  join(events: SeatEvents): Seat {
    const seat = new Seat(this, this.supply.engine, events);
    this.seats.add(seat);
    return seat;
  }

  async left(seat: Seat): Promise<void> {
    this.seats.delete(seat);
    if (this.seats.size === 0) await this.end();
  }

  /** Topics that match and are new join it, from their first event on; those that are gone leave it. */
  topicsChanged(topics: readonly TopicDefinition[]): Promise<void> {
    return this.supply.topicsChanged(topics);
  }

  /** Stores what was acknowledged and gives the rest back. Who receives it next begins with what was stored. */
  end(): Promise<void> {
    return this.supply.end();
  }
}
