import type { PublishedEvent } from '../ingest/published-event.js';
import { tenantOf } from '../access/tenancy.js';
import { deadLetterTopicName } from '../delivery/dead-letters.js';
import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import type { TopicCatalog, TopicDefinition } from '../ports/topic-catalog.port.js';
import type { TenantQuotas } from './tenant-quotas.js';

/** Of these topics, those that a tenant made: the dead letters of the service are none, and there is always room for them. */
export function topicsThatCount(
  topics: readonly TopicDefinition[],
  tenant: string,
  service: string,
): readonly TopicDefinition[] {
  const letters = deadLetterTopicName(service, tenant);
  return topics.filter((topic) => topic.tenant === tenant && topic.name !== letters);
}

/**
 * The catalog, which takes no more topics of a tenant than its quota allows. Two that are created at the same moment in
 * two processes may both be taken: a quota is a bound for use, not a lock.
 */
export function catalogWithinQuota(catalog: TopicCatalog, quotas: TenantQuotas, service: string): TopicCatalog {
  return {
    version: () => catalog.version(),
    list: () => catalog.list(),
    find: (name) => catalog.find(name),
    create: async (topic, step) => {
      const { tenant, name } = topic;
      if (quotas.of(tenant).topics !== undefined && name !== deadLetterTopicName(service, tenant)) {
        quotas.requireRoom(tenant, 'topics', topicsThatCount(await catalog.list(), tenant, service).length);
      }
      return catalog.create(topic, step);
    },
    change: (name, change, check) => catalog.change(name, change, check),
    delete: (name, check) => catalog.delete(name, check),
    undisturbed: (work) => catalog.undisturbed(work),
  };
}

/** The same of durable subscriptions. */
export function subscriptionsWithinQuota(store: SubscriptionStore, quotas: TenantQuotas): SubscriptionStore {
  return {
    list: (options) => store.list(options),
    find: (subscriptionId) => store.find(subscriptionId),
    create: async (subscription) => {
      const { tenant } = subscription;
      if (quotas.of(tenant).durableSubscriptions !== undefined) {
        quotas.requireRoom(tenant, 'durableSubscriptions', (await store.list({ tenant })).length);
      }
      return store.create(subscription);
    },
    change: (subscriptionId, change, check) => store.change(subscriptionId, change, check),
    delete: (subscriptionId, check) => store.delete(subscriptionId, check),
    revisions: (subscriptionIds) => store.revisions(subscriptionIds),
  };
}

/** What is published counts for the tenant whose topic it is; all of a call or nothing. */
export function ingestWithinQuota<Outcome>(
  ingest: { publish(events: readonly PublishedEvent[]): Promise<Outcome> },
  quotas: TenantQuotas,
): { publish(events: readonly PublishedEvent[]): Promise<Outcome> } {
  return {
    publish: async (events) => {
      const first = events.length > 0 ? tenantOf(events[0].topic) : undefined;
      // A caller publishes into its own tenant, so there is hardly ever a second one.
      const tenants = first === undefined ? [] : [...new Set(events.map(({ topic }) => tenantOf(topic)))];
      for (const tenant of tenants) {
        const own = tenants.length === 1 ? events : events.filter(({ topic }) => tenantOf(topic) === tenant);
        quotas.admitIngest(
          tenant,
          own.length,
          own.reduce((sum, { record }) => sum + record.value.length, 0),
        );
      }
      return ingest.publish(events);
    },
  };
}
