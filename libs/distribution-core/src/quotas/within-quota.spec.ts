import { noMetrics } from '../ports/metrics.port.js';
import { anEvent } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryCursorStore } from '../testing/in-memory-cursor-store.js';
import { InMemoryQuotaStore } from '../testing/in-memory-quota-store.js';
import { InMemorySubscriptionStore } from '../testing/in-memory-subscription-store.js';
import { InMemoryTopicCatalog } from '../testing/in-memory-topic-catalog.js';
import { aStoredQuota } from '../testing/quota-store.contract.js';
import { describeSubscriptionStoreContract } from '../testing/subscription-store.contract.js';
import { describeTopicCatalogContract } from '../testing/topic-catalog.contract.js';
import { NO_QUOTA, type TenantQuota } from './tenant-quota.js';
import { TenantQuotas } from './tenant-quotas.js';
import { catalogWithinQuota, ingestWithinQuota, subscriptionsWithinQuota } from './within-quota.js';

const clock = new FakeClock();

async function quotasOf(...tenants: [tenant: string, quota: Partial<TenantQuota>][]): Promise<TenantQuotas> {
  const store = new InMemoryQuotaStore();
  for (const [tenant, quota] of tenants) await store.put(aStoredQuota(tenant, quota));
  const quotas = new TenantQuotas({ store, defaults: NO_QUOTA, clock, metrics: noMetrics, onError: () => undefined });
  await quotas.start();
  quotas.stop();
  return quotas;
}

const enough = () => quotasOf(['default', { topics: 1_000, durableSubscriptions: 1_000 }]);

describeTopicCatalogContract('a catalog within its quota', async () =>
  catalogWithinQuota(new InMemoryTopicCatalog({ clock: new FakeClock() }), await enough()),
);
describeSubscriptionStoreContract('a subscription store within its quota', async () => {
  const cursors = new InMemoryCursorStore({ clock: new FakeClock() });
  return { store: subscriptionsWithinQuota(new InMemorySubscriptionStore(cursors), await enough()), cursors };
});

describe('what is published within a quota', () => {
  const event = (topic: string) => ({ topic, record: anEvent({ value: { padding: 'x'.repeat(90) } }) });

  it('counts for the tenant whose topic it is, and for nobody else', async () => {
    const quotas = await quotasOf(['acme', { ingestEventsPerSecond: 1 }]);
    const taken: number[] = [];
    const ingest = ingestWithinQuota({ publish: async (events) => taken.push(events.length) }, quotas);
    await ingest.publish([event('@acme/a'), event('@acme/a')]);
    await expect(ingest.publish([event('@acme/a')])).rejects.toMatchObject({ code: 'quota.exceeded' });
    await expect(ingest.publish([event('a'), event('@acme/a')])).rejects.toMatchObject({ code: 'quota.exceeded' });
    await ingest.publish([event('a')]);
    await ingest.publish([]);
    expect(taken).toEqual([2, 1, 0]);
    expect(quotas.usage('default').ingestBytesPerSecond).toBeGreaterThan(9);
  });
});
