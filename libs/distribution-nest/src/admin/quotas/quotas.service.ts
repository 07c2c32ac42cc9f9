import { type TenantQuotaInput, tenantQuotaSchema, type TenantQuotaView } from '@distributary/contracts';
import {
  type Clock,
  DEFAULT_TENANT,
  DistributionError,
  invalidRequest,
  isTenantName,
  type Principal,
  requirePermission,
  type SubscriptionStore,
  type TenantQuota,
  type TenantQuotas,
  type TopicCatalog,
  topicsThatCount,
} from '@distributary/distribution-core';
import { auditBefore } from '../../audit/audit-context.js';
import { isoTime } from '../../doors/json-messages.js';
import { parseWith } from '../../doors/stream-commands.js';

export interface QuotasDependencies {
  readonly quotas: TenantQuotas;
  readonly topics: Pick<TopicCatalog, 'list'>;
  readonly subscriptions: Pick<SubscriptionStore, 'list'>;
  /** Whose dead letters are no topics of a tenant. */
  readonly service: string;
  readonly clock: Clock;
}

/** Quotas as the doors show them. Tenants see their own; the default tenant, who runs the service, sees and sets all. */
export class QuotasService {
  constructor(private readonly deps: QuotasDependencies) {}

  async get(principal: Principal, tenant: string): Promise<TenantQuotaView> {
    requirePermission(principal, 'manage');
    requireTenant(tenant);
    if (principal.tenant !== tenant) requireOperator(principal);
    return this.viewOf(tenant);
  }

  /** `request.invalid`, `auth.forbidden`, `store.unavailable`. */
  async put(principal: Principal, tenant: string, input: unknown): Promise<TenantQuotaView> {
    requirePermission(principal, 'manage');
    requireOperator(principal);
    requireTenant(tenant);
    const wanted = parseWith(tenantQuotaSchema, input);
    auditBefore(inputOf(this.deps.quotas.of(tenant)));
    await this.deps.quotas.put({
      tenant,
      quota: quotaOf(wanted),
      updatedBy: principal.id,
      updatedAtMicros: this.deps.clock.nowMicros(),
    });
    return this.viewOf(tenant);
  }

  private async viewOf(tenant: string): Promise<TenantQuotaView> {
    const { quotas, topics, subscriptions, service } = this.deps;
    const stored = quotas.stored(tenant);
    const usage = quotas.usage(tenant);
    return {
      tenant,
      quota: inputOf(quotas.of(tenant)),
      is_default: stored === undefined,
      ...(stored !== undefined && { updated_at: isoTime(stored.updatedAtMicros), updated_by: stored.updatedBy }),
      usage: {
        topics: topicsThatCount(await topics.list(), tenant, service).length,
        durable_subscriptions: (await subscriptions.list({ tenant })).length,
        connections: usage.connections,
        ingest_events_per_second: usage.ingestEventsPerSecond,
        ingest_bytes_per_second: usage.ingestBytesPerSecond,
        egress_bytes_per_second: usage.egressBytesPerSecond,
      },
    };
  }
}

function requireTenant(tenant: string): void {
  if (!isTenantName(tenant)) throw invalidRequest([{ path: 'tenant', rule: 'must be the name of a tenant' }]);
}

function requireOperator({ tenant }: Principal): void {
  if (tenant === DEFAULT_TENANT) return;
  throw new DistributionError('auth.forbidden', 'this is for those who run the service');
}

const quotaOf = (input: TenantQuotaInput): TenantQuota => ({
  topics: input.topics ?? undefined,
  durableSubscriptions: input.durable_subscriptions ?? undefined,
  connections: input.connections ?? undefined,
  ingestEventsPerSecond: input.ingest_events_per_second ?? undefined,
  ingestBytesPerSecond: input.ingest_bytes_per_second ?? undefined,
  egressBytesPerSecond: input.egress_bytes_per_second ?? undefined,
});

const inputOf = (quota: TenantQuota): TenantQuotaInput => ({
  topics: quota.topics ?? null,
  durable_subscriptions: quota.durableSubscriptions ?? null,
  connections: quota.connections ?? null,
  ingest_events_per_second: quota.ingestEventsPerSecond ?? null,
  ingest_bytes_per_second: quota.ingestBytesPerSecond ?? null,
  egress_bytes_per_second: quota.egressBytesPerSecond ?? null,
});
