import type { HistoryPagePayload, PublishResult } from '@distributary/contracts';
import type { ClientState, HistoryOptions, SubscribeOptions, SubscriptionHandlers } from './options.js';
import type { Subscription } from './subscription.js';

export interface DistributaryClient {
  readonly state: ClientState;
  /** Starts at once and survives reconnects. Throws `connection.closed` after `close()`. */
  subscribe(options: SubscribeOptions, handlers?: SubscriptionHandlers): Subscription;
  /**
   * One result per event, in order. `connection.lost` and `request.timeout` leave open whether they took effect: events
   * that carry an `event_id` can be sent again, copies are recognised. Over REST, a redirect is refused with
   * `request.invalid`.
   */
  publish(events: readonly unknown[]): Promise<readonly PublishResult[]>;
  /** One page of stored events. Not over SSE. */
  history(options: HistoryOptions): Promise<HistoryPagePayload>;
  /** Ends all subscriptions; requests under way reject with `connection.closed`. */
  close(): void;
}
