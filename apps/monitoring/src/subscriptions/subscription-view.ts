import { type DurableSubscription, filterToJson, type LanePosition } from '@distributary/distribution-core';
import { isoOfMicros } from '../events/iso-time.js';

/** A durable subscription as REST and gRPC tell of it. */
export interface SubscriptionView {
  readonly subscription_id: string;
  readonly subscriber_service: string;
  readonly patterns: readonly string[];
  readonly keys: readonly string[];
  /** The filter tree; null = none. */
  readonly filter: unknown;
  readonly type: string;
  readonly delivery_guarantee: string;
  readonly slow_policy: string;
  readonly status: 'active' | 'paused' | 'deleted';
  readonly created_at: string;
  /** Where it stands, of each lane that it has met. */
  readonly positions: readonly LanePosition[];
}

export function viewOf(subscription: DurableSubscription, positions: readonly LanePosition[]): SubscriptionView {
  return {
    subscription_id: subscription.subscriptionId,
    subscriber_service: subscription.subscriberService,
    patterns: subscription.topicPatterns,
    keys: subscription.keyPatterns,
    filter: subscription.filter === undefined ? null : filterToJson(subscription.filter),
    type: subscription.type,
    delivery_guarantee: subscription.deliveryGuarantee,
    slow_policy: subscription.slowPolicy,
    status: subscription.status,
    created_at: isoOfMicros(subscription.createdAtMicros),
    positions,
  };
}
