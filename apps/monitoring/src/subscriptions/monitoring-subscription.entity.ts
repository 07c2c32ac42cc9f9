import type {
  DeliveryGuarantee,
  DeliveryOptions,
  Filter,
  SlowPolicy,
  SubscriptionType,
  SubscriptionOutput,
} from '@distributary/distribution-core';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A row of `monitoring_subscriptions`. */
@Entity({ name: 'monitoring_subscriptions' })
export class MonitoringSubscriptionEntity {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'subscription_id', type: 'varchar', length: 100, unique: true })
  subscriptionId!: string;

  /** The first pattern. */
  @Column({ name: 'topic_name', type: 'varchar', length: 200 })
  topicName!: string;

  @Column({ name: 'subscriber_service', type: 'varchar', length: 100 })
  subscriberService!: string;

  @Column({ type: 'json', nullable: true })
  filters!: Filter | null;

  @Column({ name: 'delivery_guarantee', type: 'varchar', length: 20, default: 'at_least_once' })
  deliveryGuarantee!: DeliveryGuarantee;

  @Column({ type: 'varchar', length: 20, default: 'active' })
  status!: 'active' | 'paused';

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ type: 'varchar', length: 100, default: 'default' })
  tenant!: string;

  @Column({ type: 'varchar', length: 20, default: 'exclusive' })
  type!: SubscriptionType;

  @Column({ name: 'slow_policy', type: 'varchar', length: 20, default: 'block' })
  slowPolicy!: SlowPolicy;

  /** bigint: the driver gives text. */
  @Column({ type: 'bigint', default: 1 })
  revision!: string;

  @Column({ name: 'topic_patterns', type: 'jsonb' })
  topicPatterns!: readonly string[];

  @Column({ name: 'key_patterns', type: 'jsonb' })
  keyPatterns!: readonly string[];

  @Column({ type: 'jsonb', default: {} })
  delivery!: DeliveryOptions;

  /** json, not jsonb: the fields of a step keep their order. */
  @Column({ type: 'json', nullable: true })
  output!: SubscriptionOutput | null;
}
