import type { DeliveryOptions } from '../delivery/delivery-options.js';
import type { Filter } from '../matching/filter.js';
import type { SubscriptionType } from '../ports/queue.port.js';
import type { SubscriptionOutput } from '../transformation/definition.js';

export type DeliveryGuarantee = 'at_most_once' | 'at_least_once' | 'exactly_once';

/** What happens to a session that does not keep up; see `fan-out/slow-policy.ts`. */
export type SlowPolicy = 'block' | 'conflate' | 'drop-oldest' | 'skip-to-live' | 'disconnect';

export const SLOW_POLICIES = [
  'block',
  'conflate',
  'drop-oldest',
  'skip-to-live',
  'disconnect',
] as const satisfies readonly SlowPolicy[];

/** Policies that may leave events out; at-least-once and exactly-once refuse them. */
export const LOSSY_POLICIES: ReadonlySet<SlowPolicy> = new Set<SlowPolicy>(['conflate', 'drop-oldest', 'skip-to-live']);

/** What a subscription selects. Patterns are ORed, the filter is ANDed. */
export interface Selection {
  /** Over topics: `+` one level, `#` the rest. At least one. */
  readonly topicPatterns: readonly string[];
  /** Over routing keys: `*` one word, `#` the rest. None = every key. */
  readonly keyPatterns: readonly string[];
  readonly filter: Filter | undefined;
  /** The service that asks; without one it gets what is for everyone, and nothing that is for some services alone. */
  readonly subscriber?: string;
}

/** What a subscription selects, and nothing else of it. */
export function selectionOf(of: Selection & { readonly subscriberService?: string }): Selection {
  const { topicPatterns, keyPatterns, filter } = of;
  const subscriber = of.subscriberService ?? of.subscriber;
  return { topicPatterns, keyPatterns, filter, ...(subscriber !== undefined && { subscriber }) };
}

/** `position`: a cursor or a time, which is told by the positions that are stored. */
export type RememberedStart = 'earliest' | 'position';

/**
 * Whatever it is but `active`, it keeps its position and delivers nothing until it is resumed. The service itself pauses and
 * resumes; `error` and `stopped` are what others say of it who write its row.
 */
export type SubscriptionStatus = 'active' | 'paused' | 'error' | 'stopped';

/** A subscription whose position is kept by the server. */
export interface DurableSubscription extends Selection {
  /** Unique, at most 100 characters; the `name` of a subscribe command. */
  readonly subscriptionId: string;
  readonly tenant: string;
  readonly subscriberService: string;
  readonly type: SubscriptionType;
  readonly deliveryGuarantee: DeliveryGuarantee;
  readonly slowPolicy: SlowPolicy;
  readonly status: SubscriptionStatus;
  readonly createdAtMicros: number;
  /** Where it was to begin; absent: at what came after it. Its first reader begins there while no position is stored. */
  readonly start?: RememberedStart;
  /** How its deliveries are acknowledged; what is missing is as the service has it. */
  readonly delivery?: DeliveryOptions;
  /** What its events are made into; absent: they are sent as they are. */
  readonly output?: SubscriptionOutput;
}
