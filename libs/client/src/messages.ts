import type { GapPayload, StatusPayload, SubscribedPayload } from '@distributary/contracts';

/** An event as it was stored: the service's input event plus `data_type`. Read defensively; others write topics too. */
export type StreamEvent = Readonly<Record<string, unknown>>;

export interface EventBatch {
  readonly type: 'events';
  /** `topic#partition`; order holds within one. */
  readonly lane: string;
  readonly epoch: string;
  /** Once this batch is dealt with, everything up to here is. */
  readonly position: string;
  readonly events: readonly StreamEvent[];
  /** Latest values of keys rather than events in order. */
  readonly isSnapshot: boolean;
  /** The snapshot of this lane is complete. */
  readonly isLastOfSnapshot: boolean;
  /** Conflated: how many events these stand for, and whether that is exact. */
  readonly merged?: number;
  readonly isMergedExact?: boolean;
  /** Conflated: keys whose latest value does not match any more. */
  readonly left?: readonly string[];
  /**
   * Acknowledged one by one: of a shared subscription, or a dead letter that was sent again. Such a batch moves no
   * position; `position` is ''.
   */
  readonly isSingle?: boolean;
  /** How often these events have been sent, this time included. */
  readonly attempt?: number;
}

/** Rightful events of (from, to] may be missing. */
export interface Gap {
  readonly type: 'gap';
  readonly lane: string;
  readonly epoch: string;
  readonly from: string;
  readonly to: string;
  /** `chain`: the client found the sequence broken; it reconnects, and what was left out comes then. */
  readonly reason: GapPayload['reason'] | 'chain';
  readonly count?: number;
  readonly isCountExact?: boolean;
}

export interface StatusChange {
  readonly type: 'status';
  readonly state: StatusPayload['state'];
}

/** First answer, and again after every reconnect or change of feed. */
export interface Subscribed {
  readonly type: 'subscribed';
  readonly recovered: SubscribedPayload['recovered'];
  readonly generation?: number;
}

export type SubscriptionMessage = EventBatch | Gap | StatusChange | Subscribed;
