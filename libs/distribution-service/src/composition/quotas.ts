import {
  catalogWithinQuota,
  type Clock,
  EgressShare,
  type FanOut,
  type Metrics,
  subscriptionsWithinQuota,
  TenantQuotas,
} from '@distributary/distribution-core';
import {
  adminArea,
  defaultQuotaOf,
  type Logger,
  QuotasController,
  QuotasService,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { ServiceConfig } from '../config/service.config.js';
import type { Storage } from './storage.js';

export interface QuotaSurroundings {
  /** The service's own name: its dead letters have room in every quota. */
  readonly service: string;
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Quotas {
  readonly tenants: TenantQuotas;
  /** The same storage, which takes no more than the quotas allow. */
  readonly storage: Storage;
  readonly areas: readonly DynamicModule[];
  /** Looks after the egress from now on, for as long as anything limits it. */
  share(fanOut: FanOut): void;
  stop(): void;
}

export async function openQuotas(storage: Storage, around: QuotaSurroundings): Promise<Quotas> {
  const { service: name, config, clock, metrics, logger } = around;
  const tenants = new TenantQuotas({
    store: storage.quotas,
    defaults: defaultQuotaOf(config),
    clock,
    metrics,
    onError: (error) => logger.warn('quotas.refresh_failed', { error }),
  });
  await tenants.start();
  const bytesPerSecond = config.EGRESS_BYTES_PER_SECOND === 0 ? undefined : config.EGRESS_BYTES_PER_SECOND;
  const service = new QuotasService({
    quotas: tenants,
    topics: storage.topics,
    subscriptions: storage.subscriptions,
    service: name,
    clock,
  });
  return {
    tenants,
    storage: {
      ...storage,
      topics: catalogWithinQuota(storage.topics, tenants, name),
      subscriptions: subscriptionsWithinQuota(storage.subscriptions, tenants),
    },
    areas: [adminArea('Quotas', [QuotasController], [[QuotasService, service]])],
    share(fanOut) {
      const egress = new EgressShare({
        clock,
        bytesPerSecond,
        quotaOf: (tenant) => tenants.of(tenant).egressBytesPerSecond,
        onSent: (tenant, bytes) => tenants.countEgress(tenant, bytes),
      });
      tenants.onChange = () => {
        const isLimited = bytesPerSecond !== undefined || tenants.limitsEgress;
        fanOut.limitEgress(isLimited ? egress : undefined);
      };
      tenants.onChange();
    },
    stop: () => tenants.stop(),
  };
}
