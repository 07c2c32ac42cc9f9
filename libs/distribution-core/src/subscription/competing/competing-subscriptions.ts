import { DistributionError } from '../../errors/distribution-error.js';
import type { Metrics } from '../../ports/metrics.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import type { Start } from '../start.js';
import type { DurableSubscription } from '../subscription.js';
import { CompetingSubscription, type Seat, type SeatEvents } from './competing-subscription.js';
import type { CompetingDependencies } from './supply.js';

export type CompetingSubscriptionsDependencies = Omit<
  CompetingDependencies,
  'dropped' | 'redelivered' | 'givenBack'
> & {
  readonly metrics: Metrics;
};

/**
 * The subscriptions of the shared types that sessions of this process receive. Where the broker spreads their events over
 * processes, any number of these receive one; elsewhere one at a time does, and the second is refused.
 */
export class CompetingSubscriptions {
  private readonly open = new Map<string, Promise<CompetingSubscription>>();
  private readonly deps: CompetingDependencies;
  private readonly ownerId: string;
  private topics: readonly TopicDefinition[] = [];

  constructor({ metrics, ...deps }: CompetingSubscriptionsDependencies) {
    this.deps = {
      ...deps,
      dropped: metrics.counter('dead_letters_dropped_total', 'Events that failed too often and could not be kept'),
      redelivered: metrics.counter('redeliveries_total', 'Events that were sent again to a durable subscription', {
        order: 'single',
      }),
      givenBack: metrics.counter(
        'shared_given_back_total',
        'Times that events of a shared subscription went back to the broker because no session here took them',
      ),
    };
    this.ownerId = deps.ids.uuid();
  }

  /** What exists now. */
  async setTopics(topics: readonly TopicDefinition[]): Promise<void> {
    this.topics = topics;
    for (const opening of [...this.open.values()]) {
      const competing = await opening.catch(() => undefined);
      await competing?.topicsChanged(topics);
    }
  }

  /**
   * `subscription.taken` while another process receives it and the broker does not spread it; `topic.not_found` if no topic
   * matches.
   */
  async join(subscription: DurableSubscription, start: Start | undefined, events: SeatEvents): Promise<Seat> {
    const { subscriptionId } = subscription;
    for (let attempt = 0; attempt < 10; attempt++) {
      const opening = this.open.get(subscriptionId) ?? this.begin(subscription, start);
      const competing = await opening;
      if (!competing.isOver) return competing.join(events);
      // The last one has left, or the right was lost: what was acknowledged is stored before it is begun anew.
      await competing.end();
    }
    throw new DistributionError('subscription.taken', `${subscriptionId} changes hands`, { retryAfterMs: 1_000 });
  }

  /** Ends all of them; what was acknowledged is stored first. */
  async close(): Promise<void> {
    const open = [...this.open.values()];
    this.open.clear();
    await Promise.all(open.map(async (opening) => (await opening.catch(() => undefined))?.end()));
  }

  private begin(subscription: DurableSubscription, start: Start | undefined): Promise<CompetingSubscription> {
    const { subscriptionId } = subscription;
    const forget = () => {
      if (this.open.get(subscriptionId) === opening) this.open.delete(subscriptionId);
    };
    const { topics, ownerId, deps } = this;
    const opening = CompetingSubscription.open({ subscription, start, topics, ownerId, deps }, forget);
    this.open.set(subscriptionId, opening);
    opening.catch(forget);
    return opening;
  }
}
