import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { Counter, Metrics } from '../ports/metrics.port.js';
import type { QuotaStore } from '../ports/quota-store.port.js';
import { DebtBucket } from './debt-bucket.js';
import { RateMeter } from './rate-meter.js';
import { type StoredQuota, type TenantQuota } from './tenant-quota.js';

export interface TenantQuotasDependencies {
  readonly store: QuotaStore;
  /** Of tenants without a quota of their own. */
  readonly defaults: TenantQuota;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
}

/** Of this process, at this moment. */
export interface TenantUsage {
  readonly connections: number;
  readonly ingestEventsPerSecond: number;
  readonly ingestBytesPerSecond: number;
  readonly egressBytesPerSecond: number;
}

interface Tenant {
  connections: number;
  usedAtMs: number;
  readonly events: RateMeter;
  readonly bytes: RateMeter;
  readonly egress: RateMeter;
  eventBucket: DebtBucket | undefined;
  byteBucket: DebtBucket | undefined;
}

const REFRESH_MS = 5_000;
/** Tenants whose use is remembered; the one that was idle longest, and has no connection, is forgotten. */
const MAX_TENANTS = 10_000;

/**
 * What each tenant may have, and what it uses. A change is known to all processes within some seconds, to the one that
 * made it at once; while the store is away, the quotas that are known go on.
 */
export class TenantQuotas {
  private readonly tenants = new Map<string, Tenant>();
  private quotas: ReadonlyMap<string, StoredQuota> = new Map();
  private cancel: () => void = () => undefined;
  private readonly refused: Counter;
  /** Called when quotas may have changed. */
  onChange: () => void = () => undefined;

  constructor(private readonly deps: TenantQuotasDependencies) {
    this.refused = deps.metrics.counter(
      'tenant_quota_refusals_total',
      'What was refused because of a quota of a tenant',
    );
  }

  async start(): Promise<void> {
    await this.refresh();
    this.schedule();
  }

  stop(): void {
    this.cancel();
  }

  of(tenant: string): TenantQuota {
    return this.quotas.get(tenant)?.quota ?? this.deps.defaults;
  }

  /** Whether any tenant's egress is limited. */
  get limitsEgress(): boolean {
    if (this.deps.defaults.egressBytesPerSecond !== undefined) return true;
    for (const { quota } of this.quotas.values()) if (quota.egressBytesPerSecond !== undefined) return true;
    return false;
  }

  /** Undefined: the tenant has the defaults. */
  stored(tenant: string): StoredQuota | undefined {
    return this.quotas.get(tenant);
  }

  async put(stored: StoredQuota): Promise<void> {
    await this.deps.store.put(stored);
    await this.refresh();
  }

  usage(tenant: string): TenantUsage {
    const nowMs = this.deps.clock.monotonicMs();
    const known = this.tenants.get(tenant);
    return {
      connections: known?.connections ?? 0,
      ingestEventsPerSecond: known?.events.perSecond(nowMs) ?? 0,
      ingestBytesPerSecond: known?.bytes.perSecond(nowMs) ?? 0,
      egressBytesPerSecond: known?.egress.perSecond(nowMs) ?? 0,
    };
  }

  /** `quota.exceeded` if one more would be too many. */
  requireRoom(tenant: string, what: 'topics' | 'durableSubscriptions', present: number): void {
    const limit = this.of(tenant)[what];
    if (limit === undefined || present < limit) return;
    this.refused.add();
    const name = what === 'topics' ? 'topics' : 'durable subscriptions';
    throw new DistributionError('quota.exceeded', `the tenant may have ${limit} ${name}`);
  }

  /** Undefined: it has as many as it may. */
  readonly admitConnection = (tenant: string): (() => void) | undefined => {
    const known = this.tenant(tenant);
    const limit = this.of(tenant).connections;
    if (limit !== undefined && known.connections >= limit) {
      this.refused.add();
      return undefined;
    }
    known.connections++;
    return () => void known.connections--;
  };

  /** `quota.exceeded` with the time to come back, if the tenant published more than it may; else it is counted. */
  admitIngest(tenant: string, events: number, bytes: number): void {
    const nowMs = this.deps.clock.monotonicMs();
    const known = this.tenant(tenant);
    const quota = this.of(tenant);
    known.eventBucket = bucketOf(known.eventBucket, quota.ingestEventsPerSecond, nowMs);
    known.byteBucket = bucketOf(known.byteBucket, quota.ingestBytesPerSecond, nowMs);
    const waitMs = Math.max(known.eventBucket?.waitMs(nowMs) ?? 0, known.byteBucket?.waitMs(nowMs) ?? 0);
    if (waitMs > 0) {
      this.refused.add();
      throw new DistributionError('quota.exceeded', 'the tenant publishes more than its quota allows', {
        retryAfterMs: waitMs,
      });
    }
    known.eventBucket?.take(events);
    known.byteBucket?.take(bytes);
    known.events.add(events, nowMs);
    known.bytes.add(bytes, nowMs);
  }

  countEgress(tenant: string, bytes: number): void {
    this.tenant(tenant).egress.add(bytes, this.deps.clock.monotonicMs());
  }

  private tenant(name: string): Tenant {
    const nowMs = this.deps.clock.monotonicMs();
    let tenant = this.tenants.get(name);
    if (tenant === undefined) {
      if (this.tenants.size >= MAX_TENANTS) this.forgetIdle();
      tenant = {
        connections: 0,
        usedAtMs: nowMs,
        events: new RateMeter(nowMs),
        bytes: new RateMeter(nowMs),
        egress: new RateMeter(nowMs),
        eventBucket: undefined,
        byteBucket: undefined,
      };
      this.tenants.set(name, tenant);
    }
    tenant.usedAtMs = nowMs;
    return tenant;
  }

  private forgetIdle(): void {
    let idle: string | undefined;
    let usedAtMs = Number.POSITIVE_INFINITY;
    for (const [name, tenant] of this.tenants) {
      if (tenant.connections > 0 || tenant.usedAtMs >= usedAtMs) continue;
      idle = name;
      usedAtMs = tenant.usedAtMs;
    }
    if (idle !== undefined) this.tenants.delete(idle);
  }

  private async refresh(): Promise<void> {
    const stored = await this.deps.store.list();
    this.quotas = new Map(stored.map((one) => [one.tenant, one]));
    this.onChange();
  }

  private schedule(): void {
    this.cancel = this.deps.clock.after(REFRESH_MS, () => {
      void this.refresh()
        .catch(this.deps.onError)
        .finally(() => this.schedule());
    });
  }
}

function bucketOf(known: DebtBucket | undefined, perSecond: number | undefined, nowMs: number): DebtBucket | undefined {
  if (perSecond === undefined) return undefined;
  if (known === undefined) return new DebtBucket(perSecond, nowMs);
  known.setRate(perSecond);
  return known;
}
