import type { DurableSubscription } from '../subscription/subscription.js';

export type SubscriptionChange = Partial<
  Pick<
    DurableSubscription,
    | 'topicPatterns'
    | 'keyPatterns'
    | 'filter'
    | 'subscriberService'
    | 'slowPolicy'
    | 'deliveryGuarantee'
    | 'delivery'
    | 'output'
    | 'status'
  >
>;

/** Looks at it as it is, while nothing else can change it; what it throws is thrown, and nothing is changed. */
export type SubscriptionCheck = (present: DurableSubscription) => void;

/**
 * Durable subscriptions as they were asked for; their positions are the {@link CursorStore}'s.
 * Failure: `subscription.exists`, `subscription.not_found`, `store.unavailable`. Calls may overlap.
 */
export interface SubscriptionStore {
  list(options?: { readonly tenant?: string }): Promise<readonly DurableSubscription[]>;
  find(subscriptionId: string): Promise<DurableSubscription | undefined>;
  create(subscription: DurableSubscription): Promise<void>;
  change(subscriptionId: string, change: SubscriptionChange, check?: SubscriptionCheck): Promise<DurableSubscription>;
  /** Its positions and its ownership go with it. */
  delete(subscriptionId: string, check?: SubscriptionCheck): Promise<void>;
  /** Grows with each change of a subscription; of those that there are. */
  revisions(subscriptionIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
