import { deadLetterTopic } from '../delivery/dead-letters.js';
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
  catalogWithinQuota(new InMemoryTopicCatalog({ clock: new FakeClock() }), await enough(), 'shop'),
);
describeSubscriptionStoreContract('a subscription store within its quota', async () => {
  const cursors = new InMemoryCursorStore({ clock: new FakeClock() });
  return { store: subscriptionsWithinQuota(new InMemorySubscriptionStore(cursors), await enough()), cursors };
});

describe('topics within a quota', () => {
  const ofAcme = (name: string) => ({ ...deadLetterTopic('shop', 'acme', '30d'), name, brokerName: name });
  const catalogOf = async (topics: number) =>
    catalogWithinQuota(new InMemoryTopicCatalog({ clock }), await quotasOf(['acme', { topics }]), 'shop');

  it('have room for the dead letters of the service, whatever the quota is', async () => {
    const catalog = await catalogOf(0);
    const letters = await catalog.create(deadLetterTopic('shop', 'acme', '30d'));
    expect(letters.name).toBe('@acme/shop/dead-letters');
    await expect(catalog.create(ofAcme('@acme/a'))).rejects.toMatchObject({ code: 'quota.exceeded' });
    await expect(catalog.create(deadLetterTopic('other', 'acme', '30d'))).rejects.toMatchObject({
      code: 'quota.exceeded',
    });
  });

  it('have as much room with dead letters as without', async () => {
    const catalog = await catalogOf(1);
    await catalog.create(deadLetterTopic('shop', 'acme', '30d'));
    await catalog.create(ofAcme('@acme/a'));
    await expect(catalog.create(ofAcme('@acme/b'))).rejects.toMatchObject({ code: 'quota.exceeded' });
  });
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
