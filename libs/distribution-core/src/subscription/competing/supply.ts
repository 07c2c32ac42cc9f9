import { DEFAULT_MAX_ATTEMPTS, DEFAULT_MAX_UNACKED } from '../../delivery/delivery-options.js';
import type { DeliveryOutcomes } from '../../delivery/delivery-outcomes.js';
import type { QueueSubscription, SubscriptionParts } from '../../delivery/queue/queue-subscription.js';
import { DEFAULT_REDELIVERY, type RedeliveryPolicy } from '../../delivery/redelivery-policy.js';
import { DistributionError } from '../../errors/distribution-error.js';
import { compileSelection } from '../../matching/entry-matcher.js';
import type { Clock } from '../../ports/clock.port.js';
import type { CompetingSource } from '../../ports/competing-subscriptions.port.js';
import type { CursorStore } from '../../ports/cursor-store.port.js';
import type { IdSource } from '../../ports/id-source.port.js';
import type { Log } from '../../ports/log.port.js';
import type { Counter } from '../../ports/metrics.port.js';
import type { QueueOptions } from '../../ports/queue.port.js';
import type { SubscriptionStore } from '../../ports/subscription-store.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import type { LiveReaders } from '../live-readers.js';
import type { Replays } from '../replays.js';
import type { Start } from '../start.js';
import { type DurableSubscription, selectionOf } from '../subscription.js';

export interface CompetingLimits {
  readonly ownershipTermMs: number;
  readonly ackFlushMs: number;
  readonly ackTimeoutMs: number;
  readonly redelivery?: RedeliveryPolicy;
  readonly dedupeWindowMs?: number;
}

/** Where the broker spreads the events of such subscriptions over processes by itself. */
export interface Spreading {
  readonly source: CompetingSource;
  readonly subscriptions: Pick<SubscriptionStore, 'find'>;
  readonly live: Pick<LiveReaders, 'follow'>;
}

export interface CompetingDependencies {
  readonly log: Log;
  readonly cursors: CursorStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: CompetingLimits;
  /** Where what cannot be delivered goes, and comes back from; without it, it is dropped and counted. */
  readonly replays: Replays | undefined;
  /** Without it one process at a time receives a subscription. */
  readonly spreading?: Spreading;
  readonly dropped: Counter;
  readonly redelivered: Counter;
  readonly givenBack: Counter;
  /** Who is told what becomes of deliveries. */
  readonly outcomes?: DeliveryOutcomes;
}

export interface SupplyEvents {
  onSuspended(): void;
  onResumed(): void;
  /** It is over for this process, for that reason. */
  onLost(reason: DistributionError): void;
  /** Nothing comes of it any more, whatever the reason; what was acknowledged is stored. */
  onEnded(): void;
}

/** What a supply is made for. */
export interface SupplyOrder {
  readonly subscription: DurableSubscription;
  readonly start: Start | undefined;
  /** What exists. */
  readonly topics: readonly TopicDefinition[];
  /** Of this process. */
  readonly ownerId: string;
  readonly deps: CompetingDependencies;
  readonly events: SupplyEvents;
}

/** Brings the events of a shared subscription to this process, and keeps what was acknowledged. */
export interface Supply {
  readonly engine: QueueSubscription;
  readonly generation: number;
  /** Nobody may join it any more. */
  readonly isOver: boolean;
  /** Topics that match and are new join it, from their first event on; those that are gone leave it. */
  topicsChanged(topics: readonly TopicDefinition[]): Promise<void>;
  /** Stores what was acknowledged and gives the rest back. Who receives it next begins with what was stored. */
  end(): Promise<void>;
}

/** Those that the subscription selects: `topic.not_found` if there is none. */
export function requiredTopics({ subscription, topics }: SupplyOrder): readonly TopicDefinition[] {
  const wanted = topicsOf(subscription, topics);
  if (wanted.length > 0) return wanted;
  throw new DistributionError('topic.not_found', `no topic matches ${subscription.topicPatterns.join(', ')}`);
}

export function topicsOf(
  subscription: DurableSubscription,
  topics: readonly TopicDefinition[],
): readonly TopicDefinition[] {
  const matcher = compileSelection(selectionOf(subscription));
  return topics.filter((topic) => matcher.matchesTopic(topic.name));
}

/** By what tells a topic from another one of its name. */
export const byIdentity = (topics: readonly TopicDefinition[]): Map<string, TopicDefinition> =>
  new Map(topics.map((topic) => [`${topic.name}@${topic.catalogVersion}`, topic]));

export function queueOptionsOf(
  { subscription, start, deps }: SupplyOrder,
  topics: readonly TopicDefinition[],
): QueueOptions {
  const { type, delivery } = subscription;
  const { ackTimeoutMs, redelivery } = deps.limits;
  return {
    topics: topics.map((topic) => topic.name),
    type,
    start: start?.at === 'earliest' ? 'earliest' : 'latest',
    ackTimeoutMs: delivery?.ackTimeoutMs ?? ackTimeoutMs,
    maxAttempts: delivery?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    maxUnacked: delivery?.maxUnacked ?? DEFAULT_MAX_UNACKED,
    redelivery: redelivery ?? DEFAULT_REDELIVERY,
    selection: selectionOf(subscription),
  };
}

export function enginePartsOf({
  subscription,
  deps,
}: SupplyOrder): Omit<SubscriptionParts, 'positions' | 'brokerName'> {
  const { log, clock, ids, limits, replays, dropped, redelivered, outcomes } = deps;
  return {
    log,
    clock,
    random: () => ids.random(),
    deadLetters: replays?.letters.sinkOf(subscription),
    dropped,
    redelivered,
    outcomes: outcomes && { subscriptionId: subscription.subscriptionId, to: outcomes },
    dedupeWindowMs: limits.dedupeWindowMs,
  };
}
