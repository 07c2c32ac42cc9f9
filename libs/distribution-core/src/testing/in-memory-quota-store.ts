import type { QuotaStore } from '../ports/quota-store.port.js';
import type { StoredQuota } from '../quotas/tenant-quota.js';

export class InMemoryQuotaStore implements QuotaStore {
  private readonly quotas = new Map<string, StoredQuota>();

  list(): Promise<readonly StoredQuota[]> {
    return Promise.resolve([...this.quotas.values()].sort((a, b) => (a.tenant < b.tenant ? -1 : 1)));
  }

  find(tenant: string): Promise<StoredQuota | undefined> {
    return Promise.resolve(this.quotas.get(tenant));
  }

  put(stored: StoredQuota): Promise<void> {
    this.quotas.set(stored.tenant, stored);
    return Promise.resolve();
  }
}
