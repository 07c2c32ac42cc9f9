import type { SubscriptionPlan } from './subscription-plan.js';
import { ROUTED_TOPIC, SHORT_TOPIC, STABLE_TOPIC, STATE_TOPIC } from './topics.js';

const WIDE = 256 * 1024;
/** A few events fill it. */
const NARROW = 600;

const aPlan = (name: string, topics: readonly string[], options: Partial<SubscriptionPlan>): SubscriptionPlan => ({
  name,
  topics,
  keeper: 'service',
  type: 'exclusive',
  guarantee: 'at_least_once',
  policy: 'block',
  clients: 1,
  limitBytes: WIDE,
  credit: undefined,
  ...options,
});

/** Every kind of subscription that a guarantee speaks of. A schedule has a few of them. */
export const PLANS: readonly SubscriptionPlan[] = [
  aPlan('exclusive', [STABLE_TOPIC], {}),
  aPlan('exclusive-narrow', [STABLE_TOPIC, STATE_TOPIC], { limitBytes: NARROW, guarantee: 'exactly_once' }),
  aPlan('exclusive-credit', [STABLE_TOPIC], { credit: 5 }),
  aPlan('failover', [STABLE_TOPIC], { type: 'failover', clients: 3 }),
  aPlan('failover-disconnect', [STATE_TOPIC], {
    type: 'failover',
    clients: 2,
    policy: 'disconnect',
    limitBytes: NARROW,
  }),
  aPlan('at-most-once', [STABLE_TOPIC], { guarantee: 'at_most_once', policy: 'drop-oldest', limitBytes: NARROW }),
  aPlan('atomic', [STABLE_TOPIC], { keeper: 'atomic', guarantee: 'exactly_once' }),
  aPlan('atomic-narrow', [STABLE_TOPIC, STATE_TOPIC], {
    keeper: 'atomic',
    guarantee: 'exactly_once',
    limitBytes: NARROW,
  }),
  aPlan('lagging', [STABLE_TOPIC], { keeper: 'lagging', policy: 'disconnect', limitBytes: NARROW }),
  aPlan('drops-oldest', [STABLE_TOPIC], { keeper: 'atomic', policy: 'drop-oldest', limitBytes: NARROW }),
  aPlan('skips-to-live', [STABLE_TOPIC], { keeper: 'atomic', policy: 'skip-to-live', limitBytes: NARROW }),
  aPlan('conflates', [STATE_TOPIC, STABLE_TOPIC], { keeper: 'atomic', policy: 'conflate', limitBytes: NARROW }),
  aPlan('shared', [STABLE_TOPIC], { type: 'shared', clients: 3 }),
  aPlan('key-shared', [STABLE_TOPIC], { type: 'key_shared', clients: 3 }),
  aPlan('key-shared-credit', [STABLE_TOPIC], { type: 'key_shared', clients: 2, credit: 4, limitBytes: NARROW }),
  aPlan('short-exclusive', [SHORT_TOPIC], {}),
  aPlan('short-atomic', [SHORT_TOPIC, STABLE_TOPIC], { keeper: 'atomic', limitBytes: NARROW }),
  aPlan('routed', [ROUTED_TOPIC], { keeper: 'atomic', guarantee: 'exactly_once' }),
  aPlan('routed-exclusive', [ROUTED_TOPIC], {}),
];
