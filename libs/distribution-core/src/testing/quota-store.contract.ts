import type { QuotaStore } from '../ports/quota-store.port.js';
import { NO_QUOTA, type StoredQuota, type TenantQuota } from '../quotas/tenant-quota.js';

export const aStoredQuota = (tenant: string, quota: Partial<TenantQuota> = {}): StoredQuota => ({
  tenant,
  quota: { ...NO_QUOTA, ...quota },
  updatedBy: 'ops',
  updatedAtMicros: 1_750_000_000_000_000,
});

/** What every {@link QuotaStore} keeps. `create` gives an empty one. */
export function describeQuotaStoreContract(name: string, create: () => Promise<QuotaStore>): void {
  describe(`${name} as a store of quotas`, () => {
    const full = aStoredQuota('acme', {
      topics: 0,
      durableSubscriptions: 2,
      connections: 3,
      ingestEventsPerSecond: 4,
      ingestBytesPerSecond: 5_000_000_000,
      egressBytesPerSecond: 6,
    });

    it('gives back what was put, any number included', async () => {
      const store = await create();
      await store.put(full);
      await store.put(aStoredQuota('empty'));
      expect(await store.find('acme')).toEqual(full);
      expect(await store.find('empty')).toEqual(aStoredQuota('empty'));
      expect(await store.find('nobody')).toBeUndefined();
      expect(await store.list()).toEqual([full, aStoredQuota('empty')]);
    });

    it('has the last one that was put', async () => {
      const store = await create();
      await store.put(full);
      const next = {
        ...aStoredQuota('acme', { topics: 9 }),
        updatedBy: 'other',
        updatedAtMicros: 1_750_000_001_000_000,
      };
      await store.put(next);
      expect(await store.list()).toEqual([next]);
    });
  });
}
