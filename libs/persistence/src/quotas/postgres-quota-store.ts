import type { QuotaStore, StoredQuota } from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { translated } from '../postgres.errors.js';

interface QuotaRow {
  readonly tenant: string;
  readonly topics: string | null;
  readonly durable_subscriptions: string | null;
  readonly connections: string | null;
  readonly ingest_events_per_second: string | null;
  readonly ingest_bytes_per_second: string | null;
  readonly egress_bytes_per_second: string | null;
  readonly updated_by: string;
  readonly at_micros: string;
}

const SELECT = `
  SELECT tenant, topics, durable_subscriptions, connections, ingest_events_per_second, ingest_bytes_per_second,
         egress_bytes_per_second, updated_by, (extract(epoch FROM updated_at) * 1000000)::bigint AS at_micros
    FROM tenant_quotas`;

const UPSERT = `
  INSERT INTO tenant_quotas (tenant, topics, durable_subscriptions, connections, ingest_events_per_second,
                             ingest_bytes_per_second, egress_bytes_per_second, updated_by, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'epoch'::timestamptz + $9::bigint * interval '1 microsecond')
  ON CONFLICT (tenant) DO UPDATE SET
    topics = excluded.topics, durable_subscriptions = excluded.durable_subscriptions, connections = excluded.connections,
    ingest_events_per_second = excluded.ingest_events_per_second,
    ingest_bytes_per_second = excluded.ingest_bytes_per_second,
    egress_bytes_per_second = excluded.egress_bytes_per_second,
    updated_by = excluded.updated_by, updated_at = excluded.updated_at`;

/** Every process reads all of them every few seconds; more tenants than this need another way. */
const MAX_QUOTAS = 10_000;

export class PostgresQuotaStore implements QuotaStore {
  constructor(private readonly dataSource: DataSource) {}

  list(): Promise<readonly StoredQuota[]> {
    return translated(async () => {
      const rows = await this.dataSource.query<QuotaRow[]>(`${SELECT} ORDER BY tenant LIMIT $1`, [MAX_QUOTAS]);
      return rows.map(quotaOf);
    });
  }

  find(tenant: string): Promise<StoredQuota | undefined> {
    return translated(async () => {
      const rows = await this.dataSource.query<QuotaRow[]>(`${SELECT} WHERE tenant = $1`, [tenant]);
      return rows.length === 0 ? undefined : quotaOf(rows[0]);
    });
  }

  put({ tenant, quota, updatedBy, updatedAtMicros }: StoredQuota): Promise<void> {
    return translated(async () => {
      await this.dataSource.query(UPSERT, [
        tenant,
        quota.topics ?? null,
        quota.durableSubscriptions ?? null,
        quota.connections ?? null,
        quota.ingestEventsPerSecond ?? null,
        quota.ingestBytesPerSecond ?? null,
        quota.egressBytesPerSecond ?? null,
        updatedBy,
        Math.round(updatedAtMicros),
      ]);
    });
  }
}

const numberOf = (text: string | null): number | undefined => (text === null ? undefined : Number(text));

const quotaOf = (row: QuotaRow): StoredQuota => ({
  tenant: row.tenant,
  quota: {
    topics: numberOf(row.topics),
    durableSubscriptions: numberOf(row.durable_subscriptions),
    connections: numberOf(row.connections),
    ingestEventsPerSecond: numberOf(row.ingest_events_per_second),
    ingestBytesPerSecond: numberOf(row.ingest_bytes_per_second),
    egressBytesPerSecond: numberOf(row.egress_bytes_per_second),
  },
  updatedBy: row.updated_by,
  updatedAtMicros: Number(row.at_micros),
});
