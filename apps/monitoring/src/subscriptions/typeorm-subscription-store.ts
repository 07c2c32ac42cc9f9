import {
  DistributionError,
  type DurableSubscription,
  type SubscriptionChange,
  type SubscriptionCheck,
  type SubscriptionStore,
} from '@distributary/distribution-core';
import { isUniqueViolation, translated } from '@distributary/persistence';
import type { DataSource, EntityManager } from 'typeorm';
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
    const { filter, output, createdAtMicros, ...columns } = subscription;
    return translated(async () => {
      try {
        await this.rows.insert({
          ...columns,
          topicName: subscription.topicPatterns[0],
          filters: filter ?? null,
          // Any JSON: TypeORM would have it as a partial entity.
          output: (output ?? null) as object | null,
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

  change(
    subscriptionId: string,
    change: SubscriptionChange,
    check: SubscriptionCheck = () => undefined,
  ): Promise<DurableSubscription> {
    return this.locked(subscriptionId, async (row, manager) => {
      check(toSubscription(row));
      const { filter, output, ...columns } = change;
      Object.assign(row, columns, 'filter' in change ? { filters: filter ?? null } : {});
      if ('output' in change) row.output = output ?? null;
      if (change.topicPatterns !== undefined) [row.topicName] = change.topicPatterns;
      row.revision = String(Number(row.revision) + 1);
      return toSubscription(await manager.save(row));
    });
  }

  /** The positions go first: if it is interrupted, the subscription is still there to be deleted again. */
  delete(subscriptionId: string, check: SubscriptionCheck = () => undefined): Promise<void> {
    return this.locked(subscriptionId, async (row, manager) => {
      check(toSubscription(row));
      await this.cursors.forget(subscriptionId);
      await manager.remove(row);
    });
  }

  revisions(subscriptionIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return translated(async () => {
      const rows = await this.dataSource.query<{ subscription_id: string; revision: string }[]>(
        'SELECT subscription_id, revision FROM monitoring_subscriptions WHERE subscription_id = ANY($1)',
        [subscriptionIds],
      );
      return new Map(rows.map((row) => [row.subscription_id, Number(row.revision)]));
    });
  }

  private get rows() {
    return this.dataSource.getRepository(MonitoringSubscriptionEntity);
  }

  /** Changes of one subscription happen one after another; none of them brings back what another deleted. */
  private locked<Result>(
    subscriptionId: string,
    work: (row: MonitoringSubscriptionEntity, manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    return translated(() =>
      this.dataSource.transaction(async (manager) => {
        const row = await manager.findOne(MonitoringSubscriptionEntity, {
          where: { subscriptionId },
          lock: { mode: 'pessimistic_write' },
        });
        if (row === null) throw new DistributionError('subscription.not_found', `no subscription ${subscriptionId}`);
        return work(row, manager);
      }),
    );
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
    ...(Object.keys(row.delivery).length > 0 && { delivery: row.delivery }),
    ...(row.output !== null && { output: row.output }),
  };
}
