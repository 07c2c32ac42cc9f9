import { DistributionError, invalidRequest, type Problem } from '../errors/distribution-error.js';
import type { SubscriptionType } from '../ports/queue.port.js';
import { type DurableSubscription, LOSSY_POLICIES } from './subscription.js';

/**
 * What a durable subscription may ask for, however it is made. `deadLetterTopic`: where its dead letters go, in the catalog's
 * name. `request.invalid` with every problem.
 */
export function checkDurable(
  asked: Pick<DurableSubscription, 'type' | 'deliveryGuarantee' | 'topicPatterns'>,
  slowPolicy: DurableSubscription['slowPolicy'],
  deadLetterTopic: string | undefined,
): void {
  const problems: Problem[] = [];
  if (asked.deliveryGuarantee !== 'at_most_once' && LOSSY_POLICIES.has(slowPolicy)) {
    problems.push({
      path: 'slow_policy',
      rule: `${slowPolicy} leaves events out, which ${asked.deliveryGuarantee} forbids`,
    });
  }
  if (isCompeting(asked.type) && slowPolicy !== 'block') {
    problems.push({ path: 'slow_policy', rule: `${asked.type} gives out what is asked for: only block makes sense` });
  }
  // Wildcards do not reach it.
  const ownLetters = asked.topicPatterns.findIndex((pattern) => pattern === deadLetterTopic);
  if (isCompeting(asked.type) && ownLetters >= 0) {
    // Its replays come from the lanes of that topic, too: one could not be told from the other.
    const rule = `must not be the topic of its own dead letters, since ${asked.type} is replayed to from there`;
    problems.push({ path: `patterns[${ownLetters}]`, rule });
  }
  if (problems.length > 0) throw invalidRequest(problems);
}

/** Whether sessions share the events of a subscription of this type, each acknowledging its own one by one. */
export const isCompeting = (type: SubscriptionType): boolean => type === 'shared' || type === 'key_shared';

const INACTIVE = { paused: 'is paused', error: 'is in error', stopped: 'is stopped' } as const;

/** One that is not active keeps its position and delivers nothing: `subscription.paused`. */
export function checkActive(subscription: DurableSubscription): void {
  if (subscription.status === 'active') return;
  throw new DistributionError(
    'subscription.paused',
    `${subscription.subscriptionId} ${INACTIVE[subscription.status]}: it delivers again once it is resumed`,
  );
}

/** An acknowledgement of somebody who is not the owner any more, or never was. */
export const staleGeneration = (generation: number): DistributionError =>
  new DistributionError('generation.stale', `generation ${generation} is not the present owner's`);
