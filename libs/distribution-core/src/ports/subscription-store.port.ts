import type { DurableSubscription } from '../subscription/subscription.js';

export type SubscriptionChange = Partial<
  Pick<DurableSubscription, 'filter' | 'slowPolicy' | 'deliveryGuarantee' | 'status'>
>;

/**
 * Durable subscriptions as they were asked for; their positions are the {@link CursorStore}'s.
 * Failure: `subscription.exists`, `subscription.not_found`, `store.unavailable`. Calls may overlap.
 */
export interface SubscriptionStore {
  list(options?: { readonly tenant?: string }): Promise<readonly DurableSubscription[]>;
  find(subscriptionId: string): Promise<DurableSubscription | undefined>;
  create(subscription: DurableSubscription): Promise<void>;
  change(subscriptionId: string, change: SubscriptionChange): Promise<DurableSubscription>;
  /** Its positions and its ownership go with it. */
  delete(subscriptionId: string): Promise<void>;
}
