import type { RedeliveryPolicy } from '../delivery/redelivery-policy.js';
import type { EventRecord } from '../event.js';
import type { EventBatch } from '../event-batch.js';
import type { LanePosition } from '../position.js';
import type { Selection } from '../subscription/subscription.js';

/**
 * - `exclusive`: one consumer, all lanes, in order; a second one is refused with `subscription.taken`.
 * - `failover`: several, one receives; the next takes over, in order.
 * - `shared`: several, any event to any of them, no order.
 * - `key_shared`: several, all events of one routing key to one of them, in order per key.
 */
export type SubscriptionType = 'exclusive' | 'failover' | 'shared' | 'key_shared';

export interface Delivery {
  readonly event: EventRecord;
  /** Where the bytes of the event lie, for whoever copies them into a frame. */
  readonly batch: EventBatch;
  readonly index: number;
  readonly at: LanePosition;
  /** 1 for the first time. */
  readonly attempt: number;
}

export interface QueueOptions {
  readonly topics: readonly string[];
  readonly type: SubscriptionType;
  readonly start: 'earliest' | 'latest';
  /** Not acknowledged after this long: delivered again. */
  readonly ackTimeoutMs: number;
  /** Then it goes to the dead-letter topic instead. */
  readonly maxAttempts: number;
  /** Deliveries that one consumer may hold unacknowledged. */
  readonly maxUnacked: number;
  /** Where dead letters go; must exist. Without it they are dropped and counted. */
  readonly deadLetterTopic?: string;
  /** Pauses before what failed is delivered again; without it there are none. A nack may name its own. */
  readonly redelivery?: RedeliveryPolicy;
  /** Only what it selects is delivered; the rest is acknowledged silently. */
  readonly selection?: Selection;
}

/**
 * Deliveries of one named subscription, each until it is acknowledged.
 *
 * Order and competition: as {@link SubscriptionType} says. Redelivery keeps the order of a lane (`exclusive`,
 * `failover`) or of a key (`key_shared`): later events of it wait.
 *
 * Failure: what was not acknowledged when a consumer closes or crashes is delivered again. An acknowledgement is
 * durable once its promise resolves; until then a crash redelivers. At-least-once: copies are possible, losses are not.
 */
export interface Queue {
  /** Joins the subscription `name`, creating it with these options if it is new. */
  subscribe(name: string, options: QueueOptions): Promise<QueueConsumer>;
  deleteSubscription(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface QueueConsumer {
  /** Waits until there is at least one; gives at most `max`. Empty only after `close` or abort. */
  receive(max: number, signal?: AbortSignal): Promise<readonly Delivery[]>;
  ack(deliveries: readonly Delivery[]): Promise<void>;
  /** Everything of its lane up to and including it. `request.invalid` on shared and key_shared. */
  ackCumulative(delivery: Delivery): Promise<void>;
  /** Deliver again (counts as an attempt) after `delayMs`, else after the pause that the redelivery policy says. */
  nack(deliveries: readonly Delivery[], delayMs?: number): Promise<void>;
  /** Gives back what it holds. */
  close(): Promise<void>;
}
