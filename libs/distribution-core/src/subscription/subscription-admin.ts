import { requirePermission } from '../access/authorize.js';
import type { Principal } from '../access/principal.js';
import { qualifyTopic, unqualified } from '../access/tenancy.js';
import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import { canonicalSelection } from '../matching/canonical-filter.js';
import type { Clock } from '../ports/clock.port.js';
import type { CompetingSource } from '../ports/competing-subscriptions.port.js';
import type { CursorStore } from '../ports/cursor-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { SubscriptionChange, SubscriptionStore } from '../ports/subscription-store.port.js';
import type { LanePosition } from '../position.js';
import { type Precondition, requireVersion, type ResourceVersion, versionOf } from '../precondition.js';
import { spreadName } from './competing/spread-supply.js';
import { checkDurable, isCompeting } from './durable-rules.js';
import type { LiveReaders } from './live-readers.js';
import type { SelectionPlaces } from './selection-places.js';
import { remembered, type Start } from './start.js';
import type { DurableSubscription } from './subscription.js';

export interface SubscriptionAdminDependencies {
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  readonly places: SelectionPlaces;
  /** Until what `places` knows is at least as new as the call. */
  readonly refreshCatalog: () => Promise<void>;
  readonly live: LiveReaders;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** What the catalog calls a tenant's topic of dead letters; without it there are none. */
  readonly deadLetterTopicOf?: (tenant: string) => string;
  /** Where the broker knows how far shared types are. */
  readonly competing?: CompetingSource;
}

/** In the catalog's names, as doors make them. */
export type NewSubscription = Omit<DurableSubscription, 'tenant' | 'status' | 'createdAtMicros'>;
export type SubscriptionRevision = Omit<SubscriptionChange, 'status'>;

/** A subscription and where it stands, of each lane that it has met. */
export interface PlacedSubscription {
  readonly subscription: DurableSubscription;
  readonly positions: readonly LanePosition[];
}

export interface SubscriptionQuery {
  readonly subscriberService?: string;
  readonly status?: DurableSubscription['status'];
  readonly type?: DurableSubscription['type'];
}

/** Holding it for a moment is enough to end what the owner before had. */
const TAKE_OVER_TERM_MS = 1_000;
const MAX_ID_LENGTH = 100;

/**
 * Durable subscriptions of one tenant, apart from the streams that read them. What is changed takes effect for whoever
 * receives them: in this process before the call resolves, in others within seconds.
 *
 * Failure: `auth.forbidden`, `request.invalid`, `subscription.not_found`, `subscription.exists`, `subscription.taken` (a
 * shared type is changed or moved while nobody receives it), `generation.stale`, `precondition.failed`,
 * `store.unavailable`, `broker.unavailable`.
 */
export class SubscriptionAdmin {
  constructor(private readonly deps: SubscriptionAdminDependencies) {}

  /** By id. */
  async list(principal: Principal, query: SubscriptionQuery = {}): Promise<readonly DurableSubscription[]> {
    requirePermission(principal, 'read');
    const all = await this.deps.subscriptions.list({ tenant: principal.tenant });
    return all.filter(
      ({ subscriberService, status, type }) =>
        (query.subscriberService ?? subscriberService) === subscriberService &&
        (query.status ?? status) === status &&
        (query.type ?? type) === type,
    );
  }

  async get(principal: Principal, name: string): Promise<PlacedSubscription> {
    requirePermission(principal, 'read');
    return this.placed(await this.required(principal, name));
  }

  async placed(subscription: DurableSubscription): Promise<PlacedSubscription> {
    return { subscription, positions: await this.deps.cursors.load(subscription.subscriptionId) };
  }

  /** Its positions are those of this moment: nothing that is published from now on is missed by its first reader. */
  async create(principal: Principal, wanted: NewSubscription, start: Start): Promise<PlacedSubscription> {
    requirePermission(principal, 'manage');
    if (wanted.subscriptionId.length > MAX_ID_LENGTH) {
      throw invalidRequest([{ path: 'subscription_id', rule: `must be at most ${MAX_ID_LENGTH} characters` }]);
    }
    checkDurable(wanted, wanted.slowPolicy, this.deps.deadLetterTopicOf?.(principal.tenant));
    const { subscriptions, cursors, places, clock } = this.deps;
    // A topic of which only another process has heard would be without a position, and begin with its first reader.
    await this.deps.refreshCatalog();
    const positions = await places.at(places.topicsOf(wanted), start);
    const subscription: DurableSubscription = {
      ...wanted,
      tenant: principal.tenant,
      status: 'active',
      createdAtMicros: clock.nowMicros(),
      ...remembered(start),
    };
    await subscriptions.create(subscription);
    try {
      await cursors.place(subscription.subscriptionId, positions);
    } catch (error) {
      // Without its positions it would begin where its first reader comes, and miss what came before.
      await subscriptions.delete(subscription.subscriptionId).catch(() => undefined);
      throw error;
    }
    return { subscription, positions };
  }

  /** `changeOf` makes the change of what there is now. Lanes that are selected from now on begin at their present end. */
  async change(
    principal: Principal,
    name: string,
    changeOf: (present: DurableSubscription) => SubscriptionRevision,
    precondition?: Precondition,
  ): Promise<PlacedSubscription> {
    requirePermission(principal, 'manage');
    const present = await this.required(principal, name);
    const change = changeOf(present);
    const wanted = { ...present, ...change };
    checkDurable(wanted, wanted.slowPolicy, this.deps.deadLetterTopicOf?.(principal.tenant));
    const { subscriptions, cursors, places, live } = this.deps;
    const isSelecting = canonicalSelection(wanted) !== canonicalSelection(present);
    if (isSelecting) {
      await this.refuseIfShared(present);
      await this.deps.refreshCatalog();
      const [before, after] = [places.topicsOf(present), places.topicsOf(wanted)];
      const known = new Set(before.map((topic) => topic.name));
      const added = after.filter((topic) => !known.has(topic.name));
      const kept = new Set(after.map((topic) => topic.name));
      await this.forgetAtBroker(
        present,
        before.filter((topic) => !kept.has(topic.name)),
      );
      await cursors.place(present.subscriptionId, await places.at(added, { at: 'latest' }));
    }
    const seen = subscriptionVersion(present);
    const changed = await subscriptions.change(present.subscriptionId, change, (now) => {
      requireVersion(precondition, subscriptionVersion(now));
      // The change was made of what it was: if that is not so any more, it is asked for again.
      requireVersion([seen], subscriptionVersion(now));
    });
    await live.refresh(present.subscriptionId);
    return this.placed(changed);
  }

  /** Whoever receives it is told so and cut off. Its positions stay. */
  async pause(principal: Principal, name: string, precondition?: Precondition): Promise<PlacedSubscription> {
    requirePermission(principal, 'manage');
    const { subscriptions, cursors, live, ids } = this.deps;
    const { subscriptionId } = await this.required(principal, name);
    const paused = await subscriptions.change(subscriptionId, { status: 'paused' }, versionCheck(precondition));
    await live.refresh(subscriptionId);
    const ownership = await cursors.acquire(subscriptionId, ids.uuid(), TAKE_OVER_TERM_MS, { force: true });
    if (ownership !== 'taken') await cursors.release(ownership);
    return this.placed(paused);
  }

  async resume(principal: Principal, name: string, precondition?: Precondition): Promise<PlacedSubscription> {
    requirePermission(principal, 'manage');
    const { subscriptionId } = await this.required(principal, name);
    const change = { status: 'active' } as const;
    return this.placed(await this.deps.subscriptions.change(subscriptionId, change, versionCheck(precondition)));
  }

  /** Forth or back. Whoever receives it goes on from there, in a new generation. */
  async seek(principal: Principal, name: string, start: Start): Promise<PlacedSubscription> {
    requirePermission(principal, 'manage');
    const subscription = await this.required(principal, name);
    await this.refuseIfShared(subscription);
    const { cursors, places, live } = this.deps;
    await this.deps.refreshCatalog();
    const topics = places.topicsOf(subscription);
    const positions = await places.at(topics, start);
    await this.forgetAtBroker(subscription, topics);
    await cursors.rewind(subscription.subscriptionId, positions);
    await live.refresh(subscription.subscriptionId);
    return this.placed(subscription);
  }

  /** For receivers whose transport cannot acknowledge: everything up to the positions has taken effect. */
  async ack(principal: Principal, name: string, generation: number, positions: readonly LanePosition[]): Promise<void> {
    requirePermission(principal, 'subscribe');
    const { subscriptionId, type } = await this.required(principal, name);
    if (isCompeting(type)) {
      throw invalidRequest([{ path: 'positions', rule: `${type} is acknowledged one by one, over its stream` }]);
    }
    const reader = this.deps.live.find(subscriptionId);
    if (reader !== undefined) return reader.ack(generation, positions);
    const { cursors } = this.deps;
    const { ownerId, generation: present } = await cursors.standing(subscriptionId);
    const isPresent = ownerId !== undefined && present === generation;
    const ownership = { subscriptionId, ownerId: ownerId ?? '', generation, termMs: 0 };
    if (!isPresent || (await cursors.store(ownership, positions)) === 'stale') {
      throw new DistributionError('generation.stale', `nobody receives ${name} in generation ${generation}`);
    }
  }

  /** With its positions; whoever receives it is told so and cut off. Tells how it was. */
  async delete(principal: Principal, name: string, precondition?: Precondition): Promise<PlacedSubscription> {
    requirePermission(principal, 'manage');
    const last = await this.placed(await this.required(principal, name));
    const { subscriptionId } = last.subscription;
    await this.deps.subscriptions.delete(subscriptionId, versionCheck(precondition));
    await this.deps.live.refresh(subscriptionId);
    if (isCompeting(last.subscription.type)) await this.deps.competing?.delete(spreadName(last.subscription));
    return last;
  }

  private async required(principal: Principal, name: string): Promise<DurableSubscription> {
    const found = await this.deps.subscriptions.find(qualifyTopic(principal.tenant, name));
    if (found === undefined || found.tenant !== principal.tenant) {
      throw new DistributionError('subscription.not_found', `no subscription ${name}`);
    }
    return found;
  }

  /** From then on it begins there where its positions are. */
  private async forgetAtBroker(
    subscription: DurableSubscription,
    topics: readonly { readonly brokerName: string }[],
  ): Promise<void> {
    if (!isCompeting(subscription.type)) return;
    const brokerNames = topics.map(({ brokerName }) => brokerName);
    await this.deps.competing?.forget(spreadName(subscription), brokerNames);
  }

  private async refuseIfShared({ subscriptionId, type }: DurableSubscription): Promise<void> {
    if (!isCompeting(type)) return;
    const { ownerId } = await this.deps.cursors.standing(subscriptionId);
    if (ownerId === undefined) return;
    const name = unqualified(subscriptionId);
    throw new DistributionError('subscription.taken', `${name} is received: ${type} is moved while nobody receives it`);
  }
}

/** For `ETag`: of everything that can be changed; positions move by themselves. */
export function subscriptionVersion(subscription: DurableSubscription): ResourceVersion {
  const { subscriptionId, subscriberService, type, deliveryGuarantee, slowPolicy, status, createdAtMicros } =
    subscription;
  const { topicPatterns, keyPatterns, filter, delivery, output } = subscription;
  // Stores keep milliseconds.
  const fixed = [subscriptionId, type, Math.floor(createdAtMicros / 1000)];
  return versionOf([
    fixed,
    [subscriberService, deliveryGuarantee, slowPolicy, status],
    [topicPatterns, keyPatterns, filter ?? null, delivery ?? null, output ?? null],
  ]);
}

const versionCheck =
  (precondition: Precondition) =>
  (present: DurableSubscription): void =>
    requireVersion(precondition, subscriptionVersion(present));
