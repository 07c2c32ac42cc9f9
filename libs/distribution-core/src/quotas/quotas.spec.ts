import { noMetrics } from '../ports/metrics.port.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryQuotaStore } from '../testing/in-memory-quota-store.js';
import { aStoredQuota } from '../testing/quota-store.contract.js';
import { settle } from '../testing/settle.js';
import { NO_QUOTA, type TenantQuota } from './tenant-quota.js';
import { TenantQuotas } from './tenant-quotas.js';

async function quotasOf(quota: Partial<TenantQuota>, defaults: Partial<TenantQuota> = {}) {
  const clock = new FakeClock();
  const store = new InMemoryQuotaStore();
  await store.put(aStoredQuota('acme', quota));
  const errors: unknown[] = [];
  const quotas = new TenantQuotas({
    store,
    defaults: { ...NO_QUOTA, ...defaults },
    clock,
    metrics: noMetrics,
    onError: (error) => errors.push(error),
  });
  await quotas.start();
  return { clock, store, quotas, errors };
}

const refused = (retryAfterMs?: number) =>
  expect.objectContaining({ code: 'quota.exceeded', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

describe('quotas of tenants', () => {
  it('are the defaults for those who have none of their own', async () => {
    const { quotas } = await quotasOf({ topics: 1 }, { topics: 7 });
    expect([quotas.of('acme').topics, quotas.of('other').topics]).toEqual([1, 7]);
    expect([quotas.stored('acme')?.updatedBy, quotas.stored('other')]).toEqual(['ops', undefined]);
  });

  it('bound what there may be', async () => {
    const { quotas } = await quotasOf({ topics: 2, durableSubscriptions: 0 });
    quotas.requireRoom('acme', 'topics', 1);
    expect(() => quotas.requireRoom('acme', 'topics', 2)).toThrow(refused());
    expect(() => quotas.requireRoom('acme', 'durableSubscriptions', 0)).toThrow('0 durable subscriptions');
    quotas.requireRoom('other', 'topics', 1_000_000);
  });

  it('bound connections until one ends', async () => {
    const { quotas } = await quotasOf({ connections: 2 });
    const leave = quotas.admitConnection('acme');
    expect(quotas.admitConnection('acme')).toBeDefined();
    expect(quotas.admitConnection('acme')).toBeUndefined();
    expect(quotas.usage('acme').connections).toBe(2);
    leave?.();
    expect(quotas.admitConnection('acme')).toBeDefined();
    expect(quotas.admitConnection('other')).toBeDefined();
  });

  it('let one call be larger than a second, and then wait until it is made up for', async () => {
    const { clock, quotas } = await quotasOf({ ingestEventsPerSecond: 10, ingestBytesPerSecond: 1_000_000 });
    quotas.admitIngest('acme', 30, 100);
    expect(() => quotas.admitIngest('acme', 1, 100)).toThrow(refused(2_100));
    clock.advance(2_100);
    quotas.admitIngest('acme', 1, 100);
  });

  it('hold on average, in events and in bytes', async () => {
    for (const quota of [{ ingestEventsPerSecond: 100 }, { ingestBytesPerSecond: 10_000 }]) {
      const { clock, quotas } = await quotasOf(quota);
      let events = 0;
      for (let ms = 0; ms < 20_000; ms += 10) {
        clock.advance(10);
        try {
          quotas.admitIngest('acme', 5, 500);
          events += 5;
        } catch {
          // Comes back later.
        }
      }
      expect(events).toBeGreaterThan(1_950);
      expect(events).toBeLessThan(2_150);
      expect(quotas.usage('acme').ingestEventsPerSecond).toBeGreaterThan(80);
      expect(quotas.usage('acme').ingestEventsPerSecond).toBeLessThan(120);
    }
  });

  it('are known to the one who changes them at once, and to others soon', async () => {
    const { clock, store, quotas } = await quotasOf({ ingestEventsPerSecond: 1 });
    let changes = 0;
    quotas.onChange = () => changes++;
    quotas.admitIngest('acme', 100, 1);
    await quotas.put(aStoredQuota('acme', { egressBytesPerSecond: 5 }));
    expect(quotas.limitsEgress).toBe(true);
    quotas.admitIngest('acme', 1, 1);
    await store.put(aStoredQuota('acme', { topics: 3 }));
    clock.advance(5_000);
    await settle(clock);
    expect([quotas.of('acme').topics, quotas.limitsEgress, changes]).toEqual([3, false, 2]);
    quotas.stop();
    expect(clock.pendingAlarms).toBe(0);
  });

  it('go on as they are while the store is away', async () => {
    const { clock, store, quotas, errors } = await quotasOf({ topics: 1 });
    store.list = () => Promise.reject(new Error('away'));
    clock.advance(5_000);
    await settle(clock);
    expect([errors.length, quotas.of('acme').topics]).toEqual([1, 1]);
    clock.advance(5_000);
    await settle(clock);
    expect(errors).toHaveLength(2);
  });

  it('know the defaults as a limit of the egress, too', async () => {
    expect((await quotasOf({}, { egressBytesPerSecond: 1 })).quotas.limitsEgress).toBe(true);
    const { quotas } = await quotasOf({});
    expect(quotas.limitsEgress).toBe(false);
    quotas.countEgress('acme', 1_000);
    expect(quotas.usage('acme').egressBytesPerSecond).toBe(100);
  });

  it('remember no more tenants than they may, and never forget who is connected', async () => {
    const { clock, quotas } = await quotasOf({});
    quotas.admitConnection('first');
    for (let index = 0; index < 10_001; index++) {
      if (index < 3) clock.advance(1);
      quotas.countEgress(`t${index}`, 1_000);
    }
    expect(quotas.usage('first').connections).toBe(1);
    expect(quotas.usage('t0').egressBytesPerSecond).toBe(0);
    expect(quotas.usage('t10000').egressBytesPerSecond).toBeGreaterThan(0);
  });
});
