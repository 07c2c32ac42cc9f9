import { DistributionError } from '../errors/distribution-error.js';
import type { SubscriptionChange, SubscriptionStore } from '../ports/subscription-store.port.js';
import type { DurableSubscription } from '../subscription/subscription.js';

/** Keeps subscriptions for as long as it lives. */
export class InMemorySubscriptionStore implements SubscriptionStore {
  private readonly subscriptions = new Map<string, DurableSubscription>();

  /** With `cursors`, what is deleted takes its positions and its ownership with it. */
  constructor(private readonly cursors?: { forget(subscriptionId: string): Promise<void> }) {}

  async list(options: { readonly tenant?: string } = {}): Promise<readonly DurableSubscription[]> {
    const all = [...this.subscriptions.values()];
    return options.tenant === undefined ? all : all.filter(({ tenant }) => tenant === options.tenant);
  }

  async find(subscriptionId: string): Promise<DurableSubscription | undefined> {
    return this.subscriptions.get(subscriptionId);
  }

  async create(subscription: DurableSubscription): Promise<void> {
    const { subscriptionId } = subscription;
    if (this.subscriptions.has(subscriptionId)) {
      throw new DistributionError('subscription.exists', `there is a subscription ${subscriptionId} already`);
    }
    this.subscriptions.set(subscriptionId, subscription);
  }

  async change(subscriptionId: string, change: SubscriptionChange): Promise<DurableSubscription> {
    const changed = { ...this.required(subscriptionId), ...change };
    this.subscriptions.set(subscriptionId, changed);
    return changed;
  }

  async delete(subscriptionId: string): Promise<void> {
    this.required(subscriptionId);
    this.subscriptions.delete(subscriptionId);
    await this.cursors?.forget(subscriptionId);
  }

  private required(subscriptionId: string): DurableSubscription {
    const found = this.subscriptions.get(subscriptionId);
    if (found === undefined) throw new DistributionError('subscription.not_found', `no subscription ${subscriptionId}`);
    return found;
  }
}
