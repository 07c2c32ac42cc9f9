import { DistributionError, invalidRequest, type Problem } from '../errors/distribution-error.js';
import { type DurableSubscription, LOSSY_POLICIES } from './subscription.js';

/** What a durable subscription may ask for, however it is made. `request.invalid` with every problem. */
export function checkDurable(
  asked: Pick<DurableSubscription, 'type' | 'deliveryGuarantee'>,
  slowPolicy: DurableSubscription['slowPolicy'],
): void {
  const problems: Problem[] = [];
  if (asked.deliveryGuarantee !== 'at_most_once' && LOSSY_POLICIES.has(slowPolicy)) {
    problems.push({
      path: 'slow_policy',
      rule: `${slowPolicy} leaves events out, which ${asked.deliveryGuarantee} forbids`,
    });
  }
  if (asked.type === 'shared' || asked.type === 'key_shared') {
    problems.push({
      path: 'type',
      rule: 'streams offer exclusive and failover; shared types are not available yet',
    });
  }
  if (problems.length > 0) throw invalidRequest(problems);
}

/** A paused subscription keeps its position and delivers nothing: `subscription.paused`. */
export function checkActive(subscription: DurableSubscription): void {
  if (subscription.status === 'active') return;
  throw new DistributionError(
    'subscription.paused',
    `${subscription.subscriptionId} is paused: it delivers again once it is resumed`,
  );
}
