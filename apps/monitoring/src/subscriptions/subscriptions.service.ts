import { pageOf, pageQuerySchema, type Page, subscribeSchema } from '@distributary/contracts';
import {
  checkDurable,
  type Clock,
  type CursorStore,
  DEFAULT_TENANT,
  DistributionError,
  type DurableSubscription,
  type IdSource,
  type SubscribeCommand,
  type SubscriptionStore,
} from '@distributary/distribution-core';
import { parseSubscribe, parseWith, type StreamVocabulary } from '@distributary/distribution-nest';
import { type SubscriptionView, viewOf } from './subscription-view.js';

export interface SubscriptionsDependencies {
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  readonly vocabulary: StreamVocabulary;
  readonly clock: Clock;
  readonly ids: IdSource;
}

const nameSchema = subscribeSchema.shape.id;

/** What a new subscription may say; `subscription_id` is the `name` that a stream asks for it by. */
const newSubscriptionSchema = subscribeSchema
  .pick({
    patterns: true,
    keys: true,
    data_types: true,
    services: true,
    filter: true,
    type: true,
    delivery_guarantee: true,
    slow_policy: true,
    subscriber_service: true,
  })
  .extend({ subscription_id: nameSchema });

/** Holding it for a moment is enough to end what the owner before had. */
const TAKE_OVER_TERM_MS = 1_000;

/**
 * Durable subscriptions, apart from the streams that read them. Failure: `request.invalid` with every problem,
 * `subscription.exists`, `subscription.not_found`, `store.unavailable`.
 */
export class SubscriptionsService {
  constructor(private readonly deps: SubscriptionsDependencies) {}

  async list(query: unknown): Promise<Page<SubscriptionView>> {
    const all = await this.deps.subscriptions.list();
    const page = pageOf(all, ({ subscriptionId }) => subscriptionId, parseWith(pageQuerySchema, query));
    return { ...page, items: await Promise.all(page.items.map((subscription) => this.withPositions(subscription))) };
  }

  /** It has no position yet: where its first reader asks to start, it begins. */
  async create(input: unknown): Promise<SubscriptionView> {
    const { subscription_id: name, ...fields } = parseWith(newSubscriptionSchema, input);
    const command = parseSubscribe({ ...fields, id: name, name }, this.deps.vocabulary);
    const durable = command.durable as NonNullable<SubscribeCommand['durable']>;
    checkDurable(durable, command.slowPolicy);
    const created: DurableSubscription = {
      ...command.selection,
      subscriptionId: name,
      tenant: DEFAULT_TENANT,
      subscriberService: durable.subscriberService,
      type: durable.type,
      deliveryGuarantee: durable.deliveryGuarantee,
      slowPolicy: command.slowPolicy,
      status: 'active',
      createdAtMicros: this.deps.clock.nowMicros(),
    };
    await this.deps.subscriptions.create(created);
    return viewOf(created, []);
  }

  async get(subscriptionId: string): Promise<SubscriptionView> {
    return this.withPositions(await this.required(subscriptionId));
  }

  /** Whoever reads it now is cut off within seconds, by losing the ownership. Its positions stay. */
  async pause(subscriptionId: string): Promise<SubscriptionView> {
    const { subscriptions, cursors, ids } = this.deps;
    const paused = await subscriptions.change(subscriptionId, { status: 'paused' });
    const ownership = await cursors.acquire(subscriptionId, ids.uuid(), TAKE_OVER_TERM_MS, { force: true });
    if (ownership !== 'taken') await cursors.release(ownership);
    return this.withPositions(paused);
  }

  async resume(subscriptionId: string): Promise<SubscriptionView> {
    return this.withPositions(await this.deps.subscriptions.change(subscriptionId, { status: 'active' }));
  }

  /** Its positions go with it, and whoever reads it is cut off within seconds. Tells how it was. */
  async delete(subscriptionId: string): Promise<SubscriptionView> {
    const last = await this.get(subscriptionId);
    await this.deps.subscriptions.delete(subscriptionId);
    return { ...last, status: 'deleted' };
  }

  private async required(subscriptionId: string): Promise<DurableSubscription> {
    const found = await this.deps.subscriptions.find(subscriptionId);
    if (found === undefined) throw new DistributionError('subscription.not_found', `no subscription ${subscriptionId}`);
    return found;
  }

  private async withPositions(subscription: DurableSubscription): Promise<SubscriptionView> {
    return viewOf(subscription, await this.deps.cursors.load(subscription.subscriptionId));
  }
}
