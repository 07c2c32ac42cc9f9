import type { StreamEvent, SubscriptionMessage } from './messages.js';
import type { DistributaryError } from './errors.js';

export interface SubscriptionEnd {
  /** Absent after `close()`. */
  readonly error?: DistributaryError;
}

/**
 * Events in order, from whichever connection is up. Either handlers were given, or it is iterated (once):
 * `for await (const message of subscription)`; asking for the next message says that the one before is dealt with.
 */
export interface Subscription extends AsyncIterable<SubscriptionMessage> {
  readonly id: string;
  /**
   * Everything up to here is dealt with. Store it together with your effects and pass it as `start` to go on from
   * there, on any transport. Undefined until the service has answered and the first snapshot is complete.
   */
  readonly cursor: string | undefined;
  /** Of a durable subscription while it is connected. */
  readonly generation: number | undefined;
  /**
   * Acknowledges all that is dealt with, cumulatively; after a loss it is sent once the subscription is up again. Throws
   * `request.invalid` for subscriptions without a name and over SSE.
   */
  ack(): void;
  /** Single events of a shared subscription, or dead letters that were sent again, have taken effect. */
  ackEvents(events: readonly StreamEvent[]): void;
  /** They have not: they come again after `delayMs`, else after a pause that the service chooses. */
  nackEvents(events: readonly StreamEvent[], delayMs?: number): void;
  /** Of a subscription that is received in order: all that is not acknowledged comes again. */
  nack(delayMs?: number): void;
  close(): void;
  /** Resolves once, never rejects. */
  readonly ended: Promise<SubscriptionEnd>;
}
