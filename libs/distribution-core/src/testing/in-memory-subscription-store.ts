import { DistributionError } from '../errors/distribution-error.js';
import type { SubscriptionChange, SubscriptionCheck, SubscriptionStore } from '../ports/subscription-store.port.js';
import type { DurableSubscription } from '../subscription/subscription.js';

/** Keeps subscriptions for as long as it lives. */
export class InMemorySubscriptionStore implements SubscriptionStore {
  private readonly subscriptions = new Map<string, DurableSubscription>();
  private readonly changes = new Map<string, number>();

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

  async change(
    subscriptionId: string,
    change: SubscriptionChange,
    check: SubscriptionCheck = () => undefined,
  ): Promise<DurableSubscription> {
    const present = this.required(subscriptionId);
    check(present);
    const changed = { ...present, ...change };
    this.changes.set(subscriptionId, (this.changes.get(subscriptionId) ?? 1) + 1);
    this.subscriptions.set(subscriptionId, changed);
    return changed;
  }

  async revisions(subscriptionIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const known = subscriptionIds.filter((id) => this.subscriptions.has(id));
    return new Map(known.map((id) => [id, this.changes.get(id) ?? 1]));
  }

  async delete(subscriptionId: string, check: SubscriptionCheck = () => undefined): Promise<void> {
    check(this.required(subscriptionId));
    this.subscriptions.delete(subscriptionId);
    await this.cursors?.forget(subscriptionId);
  }

  private required(subscriptionId: string): DurableSubscription {
    const found = this.subscriptions.get(subscriptionId);
    if (found === undefined) throw new DistributionError('subscription.not_found', `no subscription ${subscriptionId}`);
    return found;
  }
}
