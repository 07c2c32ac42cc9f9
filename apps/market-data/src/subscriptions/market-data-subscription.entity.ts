import {
  type RememberedStart,
  type SubscriptionStatus,
  type SubscriptionType,
  unqualified,
} from '@distributary/distribution-core';
import { SubscriptionRow, type SubscriptionTable } from '@distributary/persistence';
import { Column, Entity, UpdateDateColumn } from 'typeorm';
import { writtenWords } from './written-words.js';

const TYPES = { exclusive: 'Exclusive', shared: 'Shared', failover: 'Failover', key_shared: 'KeyShared' } as const;
const STARTS = { latest: 'Latest', earliest: 'Earliest', position: 'MessageId' } as const;
/** A row of `subscriptions`. */
@Entity({ name: 'subscriptions' })
export class MarketDataSubscriptionEntity extends SubscriptionRow {
  @Column({ name: 'subscription_name', type: 'varchar', length: 100 })
  subscriptionName!: string;

  @Column({ name: 'consumer_group', type: 'varchar', length: 100, nullable: true })
  subscriberService!: string;

  @Column({
    name: 'subscription_type',
    type: 'varchar',
    length: 20,
    transformer: writtenWords<SubscriptionType>(TYPES, 'exclusive'),
  })
  type!: SubscriptionType;

  @Column({
    name: 'start_position',
    type: 'varchar',
    length: 20,
    default: 'Latest',
    transformer: writtenWords<'latest' | RememberedStart>(STARTS, 'latest'),
  })
  start!: 'latest' | RememberedStart;

  @Column({ type: 'varchar', length: 20, default: 'active' })
  status!: SubscriptionStatus;

  /** When it was changed last; acknowledgements are in its cursors, which are written once a second. */
  @UpdateDateColumn({ name: 'last_activity', type: 'timestamptz' })
  lastActivity!: Date;
}

/** The table of durable subscriptions: `subscription_id` is unique over all tenants, `subscription_name` is what its tenant calls it. */
export const MARKET_DATA_SUBSCRIPTIONS: SubscriptionTable = {
  entity: MarketDataSubscriptionEntity,
  columnsOf: ({ subscriptionId }) => ({ subscriptionName: unqualified(subscriptionId) }),
};
