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

/** One that sessions receive, or are about to. */
interface Opening {
  readonly opened: Promise<CompetingSubscription>;
  /** As soon as it has all topics that exist: from then on it is told of changes. */
  competing?: CompetingSubscription;
}

/**
 * The subscriptions of the shared types that sessions of this process receive. Where the broker spreads their events over
 * processes, any number of these receive one; elsewhere one at a time does, and the second is refused.
 */
export class CompetingSubscriptions {
  private readonly open = new Map<string, Opening>();
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

  /**
   * What exists now. What is being opened is not waited for: it may wait for this change, and looks by itself. Rejects with
   * the first failure when all have been told: what could not be done then is done by the next call.
   */
  async setTopics(topics: readonly TopicDefinition[]): Promise<void> {
    this.topics = topics;
    const failures: unknown[] = [];
    for (const { competing } of [...this.open.values()]) {
      await competing?.topicsChanged(topics).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /**
   * `subscription.taken` while another process receives it and the broker does not spread it; `topic.not_found` if no topic
   * matches.
   */
  async join(subscription: DurableSubscription, start: Start | undefined, events: SeatEvents): Promise<Seat> {
    const { subscriptionId } = subscription;
    for (let attempt = 0; attempt < 10; attempt++) {
      const { opened } = this.open.get(subscriptionId) ?? this.begin(subscription, start);
      const competing = await opened;
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
    await Promise.all(open.map(async ({ opened }) => (await opened.catch(() => undefined))?.end()));
  }

  private begin(subscription: DurableSubscription, start: Start | undefined): Opening {
    const { subscriptionId } = subscription;
    const forget = () => {
      if (this.open.get(subscriptionId) === opening) this.open.delete(subscriptionId);
    };
    const { topics, ownerId, deps } = this;
    const opened = CompetingSubscription.open({ subscription, start, topics, ownerId, deps }, forget);
    const opening: Opening = { opened: opened.then((competing) => this.caughtUp(opening, competing, topics)) };
    this.open.set(subscriptionId, opening);
    opening.opened.catch(forget);
    return opening;
  }

  /** With the topics, too, that came while it was opened. */
  private async caughtUp(
    opening: Opening,
    competing: CompetingSubscription,
    known: readonly TopicDefinition[],
  ): Promise<CompetingSubscription> {
    try {
      while (known !== this.topics) {
        known = this.topics;
        await competing.topicsChanged(known);
      }
    } catch (error) {
      await competing.end();
      throw error;
    }
    opening.competing = competing;
    return competing;
  }
}
