import {
  DistributionError,
  type DurableSubscription,
  type SubscriptionChange,
  type SubscriptionStore,
} from '@distributary/distribution-core';
import { isUniqueViolation, translated } from '@distributary/persistence';
import type { DataSource } from 'typeorm';
import { MonitoringSubscriptionEntity } from './monitoring-subscription.entity.js';

/** The {@link SubscriptionStore} in `monitoring_subscriptions`. */
export class TypeormSubscriptionStore implements SubscriptionStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly cursors: { forget(subscriptionId: string): Promise<void> },
  ) {}

  list(options: { readonly tenant?: string } = {}): Promise<readonly DurableSubscription[]> {
    return translated(async () => {
      const where = options.tenant === undefined ? {} : { tenant: options.tenant };
      const rows = await this.rows.find({ where, order: { subscriptionId: 'ASC' } });
      return rows.map(toSubscription);
    });
  }

  find(subscriptionId: string): Promise<DurableSubscription | undefined> {
    return translated(async () => {
      const row = await this.rows.findOneBy({ subscriptionId });
      return row === null ? undefined : toSubscription(row);
    });
  }

  create(subscription: DurableSubscription): Promise<void> {
    const { filter, createdAtMicros, ...columns } = subscription;
    return translated(async () => {
      try {
        await this.rows.insert({
          ...columns,
          topicName: subscription.topicPatterns[0],
          filters: filter ?? null,
          createdAt: new Date(createdAtMicros / 1000),
        });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new DistributionError(
          'subscription.exists',
          `there is a subscription ${subscription.subscriptionId} already`,
        );
      }
    });
  }

  change(subscriptionId: string, change: SubscriptionChange): Promise<DurableSubscription> {
    return translated(async () => {
      const row = await this.required(subscriptionId);
      const { filter, ...columns } = change;
      Object.assign(row, columns, 'filter' in change ? { filters: filter ?? null } : {});
      return toSubscription(await this.rows.save(row));
    });
  }

  delete(subscriptionId: string): Promise<void> {
    return translated(async () => {
      await this.rows.remove(await this.required(subscriptionId));
      await this.cursors.forget(subscriptionId);
    });
  }

  private get rows() {
    return this.dataSource.getRepository(MonitoringSubscriptionEntity);
  }

  private async required(subscriptionId: string): Promise<MonitoringSubscriptionEntity> {
    const row = await this.rows.findOneBy({ subscriptionId });
    if (row === null) throw new DistributionError('subscription.not_found', `no subscription ${subscriptionId}`);
    return row;
  }
}

function toSubscription(row: MonitoringSubscriptionEntity): DurableSubscription {
  return {
    subscriptionId: row.subscriptionId,
    tenant: row.tenant,
    subscriberService: row.subscriberService,
    topicPatterns: row.topicPatterns,
    keyPatterns: row.keyPatterns,
    filter: row.filters ?? undefined,
    type: row.type,
    deliveryGuarantee: row.deliveryGuarantee,
    slowPolicy: row.slowPolicy,
    status: row.status,
    createdAtMicros: row.createdAt.getTime() * 1000,
  };
}
