import type { SubscriptionView } from '@distributary/contracts';
import {
  filterToJson,
  type PlacedSubscription,
  unqualified,
  unqualifiedSelection,
} from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';
import { wirePositions } from '../../doors/tenant-names.js';

/** A durable subscription in the words of its tenant. */
export function subscriptionView(
  { subscription, positions }: PlacedSubscription,
  status: SubscriptionView['status'] = subscription.status,
): SubscriptionView {
  const { topicPatterns, keyPatterns, filter } = unqualifiedSelection(subscription);
  const { delivery = {}, output = {} } = subscription;
  return {
    subscription_id: unqualified(subscription.subscriptionId),
    subscriber_service: subscription.subscriberService,
    patterns: [...topicPatterns],
    keys: [...keyPatterns],
    filter: filter === undefined ? null : filterToJson(filter),
    type: subscription.type,
    delivery_guarantee: subscription.deliveryGuarantee,
    slow_policy: subscription.slowPolicy,
    ...(delivery.ackTimeoutMs !== undefined && { ack_timeout_ms: delivery.ackTimeoutMs }),
    ...(delivery.maxAttempts !== undefined && { max_attempts: delivery.maxAttempts }),
    ...(delivery.maxUnacked !== undefined && { max_unacked: delivery.maxUnacked }),
    ...output,
    status,
    created_at: isoTime(subscription.createdAtMicros),
    positions: [...wirePositions(positions)],
  };
}
