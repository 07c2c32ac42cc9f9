import type { Delivery } from '../ports/queue.port.js';
import type { LanePosition } from '../position.js';
import type { DeadLetterReason } from './dead-letter.js';

/** One event that a durable subscription was sent in vain. */
export interface FailedAttempt {
  readonly subscriptionId: string;
  readonly eventId: string;
  /** By the catalog's name of its topic. */
  readonly at: LanePosition;
  /** Sendings of it so far, as far as this process counts them. */
  readonly attempts: number;
  /** `session_ended`: its receiver left without a word about it. */
  readonly reason: DeadLetterReason | 'session_ended';
}

/** Told what becomes of single deliveries to durable subscriptions; must not throw, and must not wait. */
export interface DeliveryObserver {
  /** Of subscriptions whose events are acknowledged one by one. */
  acknowledged(delivery: Delivery): void;
  /** It is sent again, to whoever receives the subscription by then. */
  retrying(attempt: FailedAttempt): void;
  /** It is not tried any more: it is a dead letter, or there was no place for one. */
  failed(attempt: FailedAttempt): void;
}

/** Who is told; looked at anew each time, so that it costs nothing while there is nobody. */
export interface DeliveryOutcomes {
  observer: DeliveryObserver | undefined;
}
