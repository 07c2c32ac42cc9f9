import type {
  Clock,
  Counter,
  Metrics,
  RoutingRule,
  RoutingRuleStore,
  SubscriptionStore,
  TopicDefinition,
} from '@distributary/distribution-core';
import type { CachedTopicFigures } from './cached-topic-figures.js';
import { type CachedSubscriptionStatus, type DistributionCache, ofTenant } from './distribution-cache.js';
import { KeptValues } from './kept-values.js';

export interface CatalogWriterDependencies {
  readonly cache: Pick<DistributionCache, 'subscription' | 'routing'>;
  readonly figures: Pick<CachedTopicFigures, 'load'>;
  readonly topics: () => readonly TopicDefinition[];
  readonly subscriptions: Pick<SubscriptionStore, 'list'>;
  readonly rules: Pick<RoutingRuleStore, 'list'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

const RENEW_SUBSCRIPTIONS_MS = 120_000;
const RENEW_RULES_MS = 450_000;
/** Of a round; topics take turns. */
const MAX_TOPICS = 100;
const MAX_SUBSCRIPTIONS = 10_000;
/** The specification's words. */
const STATUSES = { active: 'ACTIVE', paused: 'PAUSED', error: 'ERROR', stopped: 'STOPPED' } as const;

/** Keeps topics, subscriptions and rules in the distribution cache: one step at a time, for whichever process has the duty. */
export class CatalogWriter {
  private readonly subscriptions: KeptValues<CachedSubscriptionStatus>;
  private readonly rules: KeptValues<readonly RoutingRule[]>;
  private steps = 0;
  private nextTopic = 0;
  private isLetGo = false;
  private readonly omitted: Counter;

  constructor(private readonly deps: CatalogWriterDependencies) {
    this.subscriptions = new KeptValues(deps.cache.subscription, RENEW_SUBSCRIPTIONS_MS);
    this.rules = new KeptValues(deps.cache.routing, RENEW_RULES_MS);
    this.omitted = deps.metrics.counter(
      'subscription_cache_omitted_total',
      'Subscriptions too many to be put in the cache, by round',
    );
  }

  /** What cannot be had now is in the cache after a later step; the rest of the step is done, then it rejects. */
  async step(): Promise<void> {
    this.isLetGo = false;
    // The broker is asked every other time: a look at a topic may take several reads.
    const isTopicsTurn = this.steps++ % 2 === 0;
    const outcomes = await Promise.allSettled([
      this.writeSubscriptions(),
      this.writeRules(),
      ...(isTopicsTurn ? [this.writeTopics()] : []),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  letGo(): void {
    this.isLetGo = true;
    this.subscriptions.letGo();
    this.rules.letGo();
  }

  private async writeSubscriptions(): Promise<void> {
    const all = await this.deps.subscriptions.list();
    this.omitted.add(Math.max(0, all.length - MAX_SUBSCRIPTIONS));
    const present = new Map(
      all.slice(0, MAX_SUBSCRIPTIONS).map(({ subscriptionId, status, topicPatterns }) => {
        return [subscriptionId, { status: STATUSES[status], topic: topicPatterns[0] } as const];
      }),
    );
    await this.subscriptions.keep(present, this.deps.clock.monotonicMs());
  }

  private async writeRules(): Promise<void> {
    const present = new Map<string, RoutingRule[]>();
    for (const rule of (await this.deps.rules.list()).rules) {
      const pattern = ofTenant(rule.tenant, rule.sourcePattern);
      const known = present.get(pattern);
      if (known === undefined) present.set(pattern, [rule]);
      else known.push(rule);
    }
    await this.rules.keep(present, this.deps.clock.monotonicMs());
  }

  private async writeTopics(): Promise<void> {
    const topics = this.deps.topics();
    const count = Math.min(MAX_TOPICS, topics.length);
    for (let n = 0; n < count && !this.isLetGo; n++) {
      this.nextTopic = (this.nextTopic + 1) % topics.length;
      // One after another: what the broker is asked for is not urgent.
      await this.deps.figures.load(topics[this.nextTopic]);
    }
  }
}
