import type { StoredQuota } from '../quotas/tenant-quota.js';

/**
 * Quotas of tenants that have one of their own; all others have the defaults of the configuration.
 * Failure: `store.unavailable`. Calls may overlap; the last one to put wins.
 */
export interface QuotaStore {
  list(): Promise<readonly StoredQuota[]>;
  find(tenant: string): Promise<StoredQuota | undefined>;
  put(stored: StoredQuota): Promise<void>;
}
