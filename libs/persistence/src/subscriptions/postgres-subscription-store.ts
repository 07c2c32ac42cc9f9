import {
  DistributionError,
  type DurableSubscription,
  type SubscriptionChange,
  type SubscriptionCheck,
  type SubscriptionStore,
} from '@distributary/distribution-core';
import type { DataSource, EntityManager, Repository } from 'typeorm';
import { isForeignKeyViolation, isUniqueViolation, translated } from '../postgres.errors.js';
import type { SubscriptionRow } from './subscription-row.js';

export interface SubscriptionTable {
  /** Names the table. */
  readonly entity: new () => SubscriptionRow;
  /** Columns that the store knows nothing of, for a new row. */
  readonly columnsOf?: (subscription: DurableSubscription) => object;
}

/**
 * The {@link SubscriptionStore} in the table of an entity. Where the table refers to the topics, a subscription to one
 * that there is not is refused: `topic.not_found`.
 */
export class PostgresSubscriptionStore implements SubscriptionStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly table: SubscriptionTable,
    private readonly cursors: { forget(subscriptionId: string): Promise<void> },
  ) {}

  list(options: { readonly tenant?: string } = {}): Promise<readonly DurableSubscription[]> {
    return translated(async () => {
      const where = options.tenant === undefined ? {} : { tenant: options.tenant };
      const rows = await this.rowsOf(this.dataSource.manager).find({ where, order: { subscriptionId: 'ASC' } });
      return rows.map(toSubscription);
    });
  }

  find(subscriptionId: string): Promise<DurableSubscription | undefined> {
    return translated(async () => {
      const row = await this.rowsOf(this.dataSource.manager).findOneBy({ subscriptionId });
      return row === null ? undefined : toSubscription(row);
    });
  }

  create(subscription: DurableSubscription): Promise<void> {
    const { filter, output, createdAtMicros, ...columns } = subscription;
    return translated(async () => {
      try {
        await this.rowsOf(this.dataSource.manager).insert({
          ...columns,
          start: subscription.start ?? 'latest',
          topicName: subscription.topicPatterns[0],
          filters: filter ?? null,
          // Any JSON: TypeORM would have it as a partial entity.
          output: (output ?? null) as object | null,
          createdAt: new Date(createdAtMicros / 1000),
          ...this.table.columnsOf?.(subscription),
        });
      } catch (error) {
        requireTopic(error, subscription);
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
    return this.locked(subscriptionId, async (row, rows) => {
      check(toSubscription(row));
      const { filter, output, ...columns } = change;
      Object.assign(row, columns, 'filter' in change ? { filters: filter ?? null } : {});
      if ('output' in change) row.output = output ?? null;
      if (change.topicPatterns !== undefined) [row.topicName] = change.topicPatterns;
      row.revision = String(Number(row.revision) + 1);
      try {
        return toSubscription(await rows.save(row));
      } catch (error) {
        requireTopic(error, row);
        throw error;
      }
    });
  }

  /** The positions go first: if it is interrupted, the subscription is still there to be deleted again. */
  delete(subscriptionId: string, check: SubscriptionCheck = () => undefined): Promise<void> {
    return this.locked(subscriptionId, async (row, rows) => {
      check(toSubscription(row));
      await this.cursors.forget(subscriptionId);
      await rows.remove(row);
    });
  }

  revisions(subscriptionIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return translated(async () => {
      const { tablePath } = this.dataSource.getMetadata(this.table.entity);
      const rows = await this.dataSource.query<{ subscription_id: string; revision: string }[]>(
        `SELECT subscription_id, revision FROM ${tablePath} WHERE subscription_id = ANY($1)`,
        [subscriptionIds],
      );
      return new Map(rows.map((row) => [row.subscription_id, Number(row.revision)]));
    });
  }

  /** Changes of one subscription happen one after another; none of them brings back what another deleted. */
  private locked<Result>(
    subscriptionId: string,
    work: (row: SubscriptionRow, rows: Repository<SubscriptionRow>) => Promise<Result>,
  ): Promise<Result> {
    return translated(() =>
      this.dataSource.transaction(async (manager) => {
        const rows = this.rowsOf(manager);
        const row = await rows.findOne({ where: { subscriptionId }, lock: { mode: 'pessimistic_write' } });
        if (row === null) throw new DistributionError('subscription.not_found', `no subscription ${subscriptionId}`);
        return work(row, rows);
      }),
    );
  }

  private rowsOf(manager: EntityManager): Repository<SubscriptionRow> {
    return manager.getRepository(this.table.entity);
  }
}

function requireTopic(error: unknown, { topicPatterns }: Pick<DurableSubscription, 'topicPatterns'>): void {
  if (isForeignKeyViolation(error)) throw new DistributionError('topic.not_found', `no topic ${topicPatterns[0]}`);
}

function toSubscription(row: SubscriptionRow): DurableSubscription {
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
    ...(row.start !== 'latest' && { start: row.start }),
    ...(Object.keys(row.delivery).length > 0 && { delivery: row.delivery }),
    ...(row.output !== null && { output: row.output }),
  };
}
