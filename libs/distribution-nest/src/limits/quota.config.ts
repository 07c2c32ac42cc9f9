import { NO_QUOTA, type TenantQuota } from '@distributary/distribution-core';
import { z } from 'zod';
import { integerText, setting } from '../config/setting.js';

const MOST = 1_000_000_000_000;
const number = (about: string) => setting(integerText(0, MOST), { about: `${about}; 0: any number.`, default: '0' });

/** What tenants may have that have no quota of their own, and what the process may write. */
export const quotaConfig = z.object({
  QUOTA_TOPICS: number('Topics of a tenant without a quota of its own'),
  QUOTA_DURABLE_SUBSCRIPTIONS: number('Durable subscriptions of such a tenant'),
  QUOTA_CONNECTIONS: number('Streams at a time of such a tenant, in each process'),
  QUOTA_INGEST_EVENTS_PER_SECOND: number('Events that such a tenant may publish a second, in each process'),
  QUOTA_INGEST_BYTES_PER_SECOND: number('Bytes that such a tenant may publish a second, in each process'),
  QUOTA_EGRESS_BYTES_PER_SECOND: number('Bytes that such a tenant is sent a second at most, in each process'),
  EGRESS_BYTES_PER_SECOND: number('Bytes that this process writes to subscribers a second, shared fairly by tenants'),
});

export type QuotaConfig = Readonly<z.output<typeof quotaConfig>>;

export function defaultQuotaOf(config: QuotaConfig): TenantQuota {
  const limit = (value: number) => (value === 0 ? undefined : value);
  return {
    ...NO_QUOTA,
    topics: limit(config.QUOTA_TOPICS),
    durableSubscriptions: limit(config.QUOTA_DURABLE_SUBSCRIPTIONS),
    connections: limit(config.QUOTA_CONNECTIONS),
    ingestEventsPerSecond: limit(config.QUOTA_INGEST_EVENTS_PER_SECOND),
    ingestBytesPerSecond: limit(config.QUOTA_INGEST_BYTES_PER_SECOND),
    egressBytesPerSecond: limit(config.QUOTA_EGRESS_BYTES_PER_SECOND),
  };
}
