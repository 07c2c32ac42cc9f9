import type { RememberedStart, SubscriptionStatus, SubscriptionType } from '@distributary/distribution-core';
import { SubscriptionRow } from '@distributary/persistence';
import { Column, Entity } from 'typeorm';

/** A row of `monitoring_subscriptions`. */
@Entity({ name: 'monitoring_subscriptions' })
export class MonitoringSubscriptionEntity extends SubscriptionRow {
  @Column({ name: 'subscriber_service', type: 'varchar', length: 100 })
  subscriberService!: string;

  @Column({ type: 'varchar', length: 20, default: 'active' })
  status!: SubscriptionStatus;

  @Column({ type: 'varchar', length: 20, default: 'exclusive' })
  type!: SubscriptionType;

  @Column({ type: 'varchar', length: 10, default: 'latest' })
  start!: 'latest' | RememberedStart;
}
