import {
  newSubscriptionSchema,
  type Page,
  pageOf,
  seekSchema,
  subscriptionAckSchema,
  subscriptionChangeSchema,
  subscriptionQuerySchema,
  type SubscriptionAnalyticsView,
  type SubscriptionHealthView,
  type SubscriptionView,
} from '@distributary/contracts';
import {
  type Clock,
  decodeCursor,
  type NewSubscription,
  type PlacedSubscription,
  type Precondition,
  type Principal,
  type Start,
  type SubscribeCommand,
  type SubscriptionAdmin,
  type SubscriptionHealthCheck,
  subscriptionVersion,
  type Transformations,
  unqualified,
} from '@distributary/distribution-core';
import { auditBefore } from '../../audit/audit-context.js';
import { parseStart, parseSubscribe, parseWith } from '../../doors/stream-commands.js';
import { schemaFor } from '../../doors/selection-fields.js';
import type { StreamVocabulary } from '../../doors/stream-vocabulary.js';
import { qualifiedCursor, qualifiedPositions, qualifiedSubscribe } from '../../doors/tenant-names.js';
import type { Versioned } from '../topics/topics.service.js';
import { type SubscriptionAnalytics, subscriptionAnalyticsView, subscriptionHealthView } from './health-view.js';
import { revisionOf } from './subscription-change.js';
import { subscriptionView } from './subscription-view.js';

export interface SubscriptionsServiceDependencies {
  readonly subscriptions: SubscriptionAdmin;
  readonly health: SubscriptionHealthCheck;
  readonly analyticsOf: (subscriptionId: string) => SubscriptionAnalytics;
  readonly clock: Clock;
  readonly vocabulary: StreamVocabulary;
  /** Without it, a transformation is checked when the first reader comes. */
  readonly transformations?: Pick<Transformations, 'outputOf'>;
}

/**
 * What the doors offer of durable subscriptions: requests as they come in, answers as they go out. Failure: see
 * {@link SubscriptionAdmin}.
 */
export class SubscriptionsService {
  constructor(private readonly deps: SubscriptionsServiceDependencies) {}

  async list(principal: Principal, query: unknown): Promise<Page<SubscriptionView>> {
    const {
      subscriber_service: subscriberService,
      status,
      type,
      ...wanted
    } = parseWith(subscriptionQuerySchema, query);
    const all = await this.deps.subscriptions.list(principal, { subscriberService, status, type });
    const page = pageOf(all, ({ subscriptionId }) => unqualified(subscriptionId), wanted);
    const placed = page.items.map((subscription) => this.deps.subscriptions.placed(subscription));
    return { ...page, items: (await Promise.all(placed)).map((each) => subscriptionView(each)) };
  }

  async get(principal: Principal, name: string): Promise<Versioned<SubscriptionView>> {
    return versioned(await this.deps.subscriptions.get(principal, name));
  }

  async create(principal: Principal, input: unknown): Promise<Versioned<SubscriptionView>> {
    const {
      subscription_id: name,
      start,
      ...fields
    } = parseWith(schemaFor(newSubscriptionSchema, this.deps.vocabulary), input);
    const parsed = parseSubscribe({ ...fields, id: name, name }, this.deps.vocabulary);
    const command = qualifiedSubscribe(principal.tenant, parsed);
    await this.deps.transformations?.outputOf(principal.tenant, command.output);
    const place: Start = start === undefined ? { at: 'latest' } : this.placeOf(principal, parseStart(start));
    return versioned(await this.deps.subscriptions.create(principal, newSubscriptionOf(command), place));
  }

  async change(
    principal: Principal,
    name: string,
    input: unknown,
    precondition?: Precondition,
  ): Promise<Versioned<SubscriptionView>> {
    const { subscriptions, vocabulary, transformations } = this.deps;
    const change = parseWith(schemaFor(subscriptionChangeSchema, vocabulary), input);
    const placed = await subscriptions.get(principal, name);
    auditBefore(subscriptionView(placed));
    const { subscription } = placed;
    await transformations?.outputOf(principal.tenant, revisionOf(subscription, change, vocabulary).output);
    const changed = await subscriptions.change(
      principal,
      name,
      (present) => revisionOf(present, change, vocabulary),
      precondition,
    );
    return versioned(changed);
  }

  async pause(principal: Principal, name: string, precondition?: Precondition): Promise<Versioned<SubscriptionView>> {
    return versioned(await this.deps.subscriptions.pause(principal, name, precondition));
  }

  async resume(principal: Principal, name: string, precondition?: Precondition): Promise<Versioned<SubscriptionView>> {
    return versioned(await this.deps.subscriptions.resume(principal, name, precondition));
  }

  async seek(principal: Principal, name: string, input: unknown): Promise<Versioned<SubscriptionView>> {
    const place = this.placeOf(principal, parseStart(parseWith(seekSchema, input).start));
    return versioned(await this.deps.subscriptions.seek(principal, name, place));
  }

  ack(principal: Principal, name: string, input: unknown): Promise<void> {
    const { generation, positions, cursor } = parseWith(subscriptionAckSchema, input);
    const acked = positions ?? decodeCursor(cursor as string).positions;
    const { tenant } = principal;
    return this.deps.subscriptions.ack(principal, name, generation, qualifiedPositions(tenant, acked));
  }

  async health(principal: Principal, name: string): Promise<SubscriptionHealthView> {
    const { subscription } = await this.deps.subscriptions.get(principal, name);
    return subscriptionHealthView(await this.deps.health.of(subscription));
  }

  /** Of what this process delivered. */
  async stats(principal: Principal, name: string): Promise<SubscriptionAnalyticsView> {
    const { subscription } = await this.deps.subscriptions.get(principal, name);
    const analytics = this.deps.analyticsOf(subscription.subscriptionId);
    return subscriptionAnalyticsView(name, analytics, this.deps.clock.nowMicros());
  }

  /** Tells how it was. */
  async delete(principal: Principal, name: string, precondition?: Precondition): Promise<SubscriptionView> {
    return subscriptionView(await this.deps.subscriptions.delete(principal, name, precondition), 'deleted');
  }

  private placeOf({ tenant }: Principal, start: Start): Start {
    return start.at === 'cursor' ? { at: 'cursor', cursor: qualifiedCursor(tenant, start.cursor) } : start;
  }
}

function newSubscriptionOf(command: SubscribeCommand): NewSubscription {
  const durable = command.durable as NonNullable<SubscribeCommand['durable']>;
  return {
    ...command.selection,
    subscriptionId: durable.name,
    subscriberService: unqualified(durable.subscriberService),
    type: durable.type,
    deliveryGuarantee: durable.deliveryGuarantee,
    slowPolicy: command.slowPolicy,
    ...(durable.delivery !== undefined && { delivery: durable.delivery }),
    ...(command.output !== undefined && { output: command.output }),
  };
}

function versioned(placed: PlacedSubscription): Versioned<SubscriptionView> {
  return { view: subscriptionView(placed), version: subscriptionVersion(placed.subscription) };
}
