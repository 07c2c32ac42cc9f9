import { DEFAULT_MAX_ATTEMPTS } from '../delivery/delivery-options.js';
import type { DeliveryOutcomes } from '../delivery/delivery-outcomes.js';
import type { LogQueueConsumer } from '../delivery/queue/queue-consumer.js';
import { QueueSubscription } from '../delivery/queue/queue-subscription.js';
import { DEFAULT_REDELIVERY, type RedeliveryPolicy } from '../delivery/redelivery-policy.js';
import type { Member } from '../fan-out/member.js';
import type { Outlet } from '../fan-out/outlet.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import type { Counter } from '../ports/metrics.port.js';
import type { Delivery } from '../ports/queue.port.js';
import { CompetingReader, type DeliverySource } from './competing/competing-reader.js';
import type { Replays } from './replays.js';
import type { SingleAck } from './single-ack.js';
import type { DurableSubscription } from './subscription.js';

export interface OrderedReplaysOptions {
  readonly subscription: DurableSubscription;
  readonly replays: Replays;
  readonly id: string;
  readonly outlet: Outlet;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly nextMark: () => number;
  readonly generation: number;
  readonly ackTimeoutMs: number;
  readonly redelivery: RedeliveryPolicy | undefined;
  readonly dropped: Counter;
  readonly redelivered: Counter;
  readonly outcomes: DeliveryOutcomes | undefined;
  /** Its feed's number stands in the frames, and its credit pays for them. */
  readonly member: () => Member | undefined;
}

const MAX_UNACKED = 100;

/**
 * Dead letters on their way to a subscription that is received in order: between its frames, acknowledged one by one,
 * without moving a position. Costs a look at the index when a session begins, and nothing more until there are some.
 */
export class OrderedReplays {
  private opening: Promise<void> | undefined;
  private reader: CompetingReader | undefined;
  private engine: QueueSubscription | undefined;
  private readonly ends: (() => void)[] = [];
  private isStopped = false;

  constructor(private readonly options: OrderedReplaysOptions) {}

  /** Letters were sent: they may be acknowledged. */
  get isUnderWay(): boolean {
    return this.reader !== undefined;
  }

  start(): void {
    const { replays, subscription } = this.options;
    this.ends.push(replays.watch(subscription.subscriptionId, () => this.look()));
    this.look();
  }

  ack(acked: SingleAck): void {
    this.reader?.ack(this.options.generation, acked);
  }

  nack(refused: SingleAck, delayMs: number | undefined): void {
    this.reader?.nack(this.options.generation, refused, delayMs);
  }

  stop(): void {
    this.isStopped = true;
    for (const end of this.ends.splice(0)) end();
    this.reader?.stop();
    void this.engine?.end();
  }

  private look(): void {
    this.opening ??= this.open()
      .catch(() => undefined)
      .finally(() => {
        if (this.engine === undefined) this.opening = undefined;
      });
  }

  private async open(): Promise<void> {
    const { replays, subscription } = this.options;
    if (!(await replays.areThere(subscription.subscriptionId)) || this.isStopped) return;
    const engine = await this.openEngine();
    const end = await replays.attach(subscription, engine);
    if (this.isStopped) {
      end();
      return void engine.end();
    }
    this.ends.push(end);
    this.engine = engine;
    const { member, clock, outlet } = this.options;
    const current = member();
    if (current === undefined) return;
    this.reader = new CompetingReader(sourceOf(engine, this.options.generation), {
      id: this.options.id,
      feed: () => member()?.feed.id ?? 0,
      allowance: {
        events: () => (member()?.state === 'gone' || member()?.state === 'paused' ? 0 : (member()?.allowance ?? 0)),
        spend: (events) => member()?.spend(events),
      },
      acksBySending: false,
      outlet,
      encoder: current.feed.encoder,
      clock,
      nextMark: this.options.nextMark,
    });
  }

  private openEngine(): Promise<QueueSubscription> {
    const { subscription, replays, log, clock, random, dropped, redelivered, outcomes } = this.options;
    return QueueSubscription.open(
      {
        topics: [],
        type: 'shared',
        start: 'latest',
        ackTimeoutMs: this.options.ackTimeoutMs,
        maxAttempts: subscription.delivery?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
        maxUnacked: MAX_UNACKED,
        redelivery: this.options.redelivery ?? DEFAULT_REDELIVERY,
      },
      {
        log,
        clock,
        random,
        // The index of the dead letters keeps how far they are.
        positions: { keepsAbove: false, load: () => Promise.resolve([]), store: () => Promise.resolve() },
        deadLetters: replays.letters.sinkOf(subscription),
        dropped,
        redelivered,
        outcomes: outcomes && { subscriptionId: subscription.subscriptionId, to: outcomes },
        brokerName: (topic) => topic,
        dedupeWindowMs: undefined,
      },
    );
  }
}

function sourceOf(engine: QueueSubscription, generation: number): DeliverySource {
  const consumer: LogQueueConsumer = engine.join();
  return {
    generation,
    maxUnacked: MAX_UNACKED,
    receive: (max, signal) => consumer.receive(max, signal),
    ack: (deliveries: readonly Delivery[]) => engine.ackSoon(deliveries, 0),
    nack: (deliveries, delayMs) => engine.nack(consumer, deliveries, delayMs),
    leave: () => consumer.close(),
  };
}
