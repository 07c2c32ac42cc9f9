import { requirePermission } from '../access/authorize.js';
import type { Principal } from '../access/principal.js';
import { qualifyTopic } from '../access/tenancy.js';
import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import type { Clock } from '../ports/clock.port.js';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterPlace,
  DeadLetterStore,
  ReplayTarget,
} from '../ports/dead-letter-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { Log } from '../ports/log.port.js';
import { type Counter, type Metrics } from '../ports/metrics.port.js';
import type { NewTopic, TopicDefinition } from '../ports/topic-catalog.port.js';
import type { LanePosition } from '../position.js';
import { brokerNameOf } from '../routing/broker-name.js';
import type { DurableSubscription } from '../subscription/subscription.js';
import { type DeadLetterSink, faultOf, type UndeliverableEvent } from './dead-letter.js';
import { readLetter } from './dead-letter-reader.js';
import type { DeliveryOutcomes } from './delivery-outcomes.js';
import type { ReplaySignals } from './replay-signals.js';
import { TopicReplay } from './topic-replay.js';

export const DEAD_LETTERS_DATA_TYPE = 'DEAD_LETTERS';

export interface DeadLettersDependencies {
  readonly store: DeadLetterStore;
  readonly log: Log;
  readonly directory: {
    find(name: string): TopicDefinition | undefined;
    create(topic: NewTopic): Promise<TopicDefinition>;
  };
  readonly signals: ReplaySignals;
  /** The service's own: its dead letters lie in `<service>/dead-letters`, those of another tenant in the tenant's. */
  readonly service: string;
  readonly retentionPolicy: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly outcomes?: DeliveryOutcomes;
}

export interface ReplayOutcome {
  /** Begun, or begun before and gone on with; of those that go to their topics, what was sent. */
  readonly count: number;
  readonly hasMore: boolean;
}

type LetterOwner = Pick<DurableSubscription, 'subscriptionId' | 'tenant'>;

/** Where a letter was written, by where its event lies. */
type Written = Map<string, LetterPlace>;
interface LetterPlace {
  readonly letter: LanePosition;
  readonly buriedMicros: number;
}

export const MAX_LETTERS_AT_ONCE = 500;

const deadLetterPath = (service: string): string => `${service}/dead-letters`;

/** What the catalog calls the topic of the dead letters. */
export const deadLetterTopicName = (service: string, tenant: string): string =>
  qualifyTopic(tenant, deadLetterPath(service));

/** The topic of the dead letters as the catalog has it. Wildcards do not reach it: only its whole name selects it. */
export function deadLetterTopic(service: string, tenant: string, retentionPolicy: string): NewTopic {
  return {
    name: deadLetterTopicName(service, tenant),
    tenant,
    brokerName: brokerNameOf(deadLetterPath(service), tenant),
    dataType: DEAD_LETTERS_DATA_TYPE,
    // One lane: letters have no order among each other, and there must not be many.
    partitions: 1,
    retentionPolicy,
    enabled: false,
    origin: 'ingested',
    priority: 9,
    conflationKey: 'none',
  };
}

/**
 * Events that subscriptions could not be given: buried as they were in a topic of the tenant, with a row in an index that
 * says why, how often it was tried and where they came from; listed, read, replayed and discarded.
 *
 * A replay is idempotent: a letter that is being replayed or was replayed is not sent a second time, and a replay that
 * was interrupted goes on, or can be asked for again.
 */
export class DeadLetters {
  private readonly buried: Counter;
  private readonly buriedByUs: Counter;
  private readonly replayed: Counter;
  private readonly discarded: Counter;
  private readonly topicReplay: TopicReplay;

  constructor(private readonly deps: DeadLettersDependencies) {
    const { metrics } = deps;
    const help = 'Events that could not be delivered and were set aside, by whose fault that was';
    this.buried = metrics.counter('dead_letters_total', help, { fault: 'receiver' });
    this.buriedByUs = metrics.counter('dead_letters_total', help, { fault: 'service' });
    this.replayed = metrics.counter('dead_letters_replayed_total', 'Dead letters whose replay was begun');
    this.discarded = metrics.counter('dead_letters_discarded_total', 'Dead letters that were given up');
    this.topicReplay = new TopicReplay({ ...deps, lettersOf: (tenant) => this.topicOf(tenant) });
  }

  /** What the catalog calls the topic of a tenant's letters, be it there or not. */
  nameOf(tenant: string): string {
    return deadLetterTopicName(this.deps.service, tenant);
  }

  /** Where what this subscription cannot be given goes. */
  sinkOf(subscription: LetterOwner): DeadLetterSink {
    // Written to the topic and not yet to the index: that is tried again without a second copy.
    const written: Written = new Map();
    return {
      bury: async (undeliverable) => {
        const { at, reason, attempts, event } = undeliverable;
        const { subscriptionId } = subscription;
        const tell = () =>
          this.deps.outcomes?.observer?.failed({ subscriptionId, eventId: event.eventId, at, attempts, reason });
        try {
          await this.keep(subscription, undeliverable, written);
        } catch (error) {
          // Nobody tries it again.
          if (error instanceof DistributionError && !error.retryable) tell();
          throw error;
        }
        (faultOf(reason) === 'receiver' ? this.buried : this.buriedByUs).add();
        tell();
      },
    };
  }

  /** Oldest first. `auth.forbidden`, `store.unavailable`. */
  list(
    principal: Principal,
    filter: Omit<DeadLetterFilter, 'tenant'>,
    limit: number,
    after?: DeadLetterPlace,
  ): Promise<readonly DeadLetter[]> {
    requirePermission(principal, 'read');
    return this.deps.store.list(own(principal, filter), limit, after);
  }

  /** With the event, unless its topic has let go of it. `dead_letter.not_found`. */
  async get(
    principal: Principal,
    deadLetterId: string,
  ): Promise<{ readonly letter: DeadLetter; readonly event: EventRecord | undefined }> {
    requirePermission(principal, 'manage');
    const letter = await this.required(principal, deadLetterId);
    const found = await readLetter(this.deps.log, (await this.topicOf(letter.tenant)).brokerName, letter);
    return { letter, event: found?.batch.recordAt(found.index) };
  }

  /**
   * At most {@link MAX_LETTERS_AT_ONCE}, oldest first; ask again while there are more. To their topics: those whose topic or
   * event is gone stay dead and are not counted; if there are no others, `topic.not_found` or `position.lost`.
   */
  async replay(
    principal: Principal,
    filter: Omit<DeadLetterFilter, 'tenant'>,
    target: ReplayTarget,
  ): Promise<ReplayOutcome> {
    requirePermission(principal, 'manage');
    const { store, clock, signals } = this.deps;
    const limit = MAX_LETTERS_AT_ONCE;
    // One more tells whether there are more. To a topic it would be begun and not sent.
    const max = target === 'topic' ? limit : limit + 1;
    const begun = await store.beginReplay(own(principal, filter), target, max, clock.nowMicros());
    const letters = begun.slice(0, limit);
    this.replayed.add(letters.length);
    const hasMore = begun.length === max;
    if (target === 'topic') return { count: await this.topicReplay.send(letters), hasMore };
    for (const id of new Set(letters.map(({ subscriptionId }) => subscriptionId))) signals.tell(id);
    return { count: letters.length, hasMore };
  }

  /** One that is being replayed or was replayed already counts as well. `dead_letter.not_found`. */
  async replayOne(principal: Principal, deadLetterId: string, target: ReplayTarget): Promise<DeadLetter> {
    requirePermission(principal, 'manage');
    await this.required(principal, deadLetterId);
    await this.replay(principal, { ids: [deadLetterId] }, target);
    return this.required(principal, deadLetterId);
  }

  /** How many were given up; those that were replayed or discarded before stay as they are. */
  async discard(principal: Principal, filter: Omit<DeadLetterFilter, 'tenant'>): Promise<ReplayOutcome> {
    requirePermission(principal, 'manage');
    const { store, clock } = this.deps;
    const limit = MAX_LETTERS_AT_ONCE;
    const found = await store.list({ ...own(principal, filter), status: 'dead' }, limit + 1);
    const ids = found.slice(0, limit).map(({ deadLetterId }) => deadLetterId);
    const count = await store.settle(ids, ['dead'], 'discarded', clock.nowMicros());
    this.discarded.add(count);
    return { count, hasMore: found.length > limit };
  }

  /** A letter that is on its way to its subscription is called back. `dead_letter.not_found`. */
  async discardOne(principal: Principal, deadLetterId: string): Promise<DeadLetter> {
    requirePermission(principal, 'manage');
    await this.required(principal, deadLetterId);
    const { store, clock } = this.deps;
    this.discarded.add(await store.settle([deadLetterId], ['dead', 'replaying'], 'discarded', clock.nowMicros()));
    return this.required(principal, deadLetterId);
  }

  /** The tenant's topic, made when it is needed first. */
  async topicOf(tenant: string): Promise<TopicDefinition> {
    const { directory, service, retentionPolicy } = this.deps;
    const wanted = deadLetterTopic(service, tenant, retentionPolicy);
    const known = directory.find(wanted.name);
    if (known !== undefined) return known;
    try {
      return await directory.create(wanted);
    } catch (error) {
      if (!(error instanceof DistributionError) || error.code !== 'topic.exists') throw error;
      // Another process made it: it is known here in a moment.
      throw new DistributionError('broker.unavailable', `${wanted.name} is being made`, { cause: error });
    }
  }

  private async keep(subscription: LetterOwner, undeliverable: UndeliverableEvent, written: Written): Promise<void> {
    const { at, reason, attempts, lastFailureMicros } = undeliverable;
    const { subscriptionId } = subscription;
    const topic = await this.topicOf(subscription.tenant);
    if (at.topic === topic.name) {
      return this.deps.store.failedAgain(subscriptionId, at, { reason, attempts, atMicros: lastFailureMicros });
    }
    const origin = JSON.stringify(at);
    const place = written.get(origin) ?? (await this.append(topic, subscriptionId, undeliverable));
    written.set(origin, place);
    await this.index(subscription, undeliverable, place);
    written.delete(origin);
  }

  private async append(topic: TopicDefinition, subscriptionId: string, undeliverable: UndeliverableEvent) {
    const { event, at, attempts, reason } = undeliverable;
    const attributes = {
      ...event.attributes,
      dead_letter_subscription: subscriptionId,
      dead_letter_topic: at.topic,
      dead_letter_partition: at.partition,
      dead_letter_position: at.position,
      dead_letter_attempts: attempts,
      dead_letter_reason: reason,
    };
    const records = [{ ...event, attributes }];
    const [{ lane, last }] = await this.deps.log.append([{ topic: topic.brokerName, partition: 0, records }]);
    const letter: LanePosition = { topic: topic.name, partition: 0, epoch: lane.epoch, position: last };
    return { letter, buriedMicros: this.deps.clock.nowMicros() };
  }

  private index(
    { subscriptionId, tenant }: LetterOwner,
    { event, at, reason, attempts, firstFailureMicros, lastFailureMicros }: UndeliverableEvent,
    place: LetterPlace,
  ): Promise<void> {
    return this.deps.store.bury({
      deadLetterId: this.deps.ids.uuid(),
      tenant,
      subscriptionId,
      at,
      eventId: event.eventId,
      routingKey: event.routingKey,
      reason,
      fault: faultOf(reason),
      attempts,
      firstFailureMicros,
      lastFailureMicros,
      ...place,
    });
  }

  private async required(principal: Principal, deadLetterId: string): Promise<DeadLetter> {
    const [found] = await this.deps.store.list(own(principal, { ids: [deadLetterId] }), 1);
    if (found === undefined) throw new DistributionError('dead_letter.not_found', `no dead letter ${deadLetterId}`);
    return found;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `request.invalid` for what cannot be an id. */
function own(principal: Principal, filter: Omit<DeadLetterFilter, 'tenant'>): DeadLetterFilter {
  const index = filter.ids?.findIndex((id) => !UUID.test(id)) ?? -1;
  if (index >= 0) throw invalidRequest([{ path: `ids[${index}]`, rule: 'must be the id of a dead letter' }]);
  return { ...filter, tenant: principal.tenant };
}
