import type {
  DeliveryGuarantee,
  DeliveryOptions,
  DurableSubscription,
  Filter,
  RememberedStart,
  SlowPolicy,
  SubscriptionOutput,
  SubscriptionType,
} from '@distributary/distribution-core';
import { Column, CreateDateColumn, PrimaryGeneratedColumn } from 'typeorm';

/**
 * What the store needs of a table of subscriptions. What is called otherwise in each table, or written in other words, is
 * mapped by the service's entity.
 */
export abstract class SubscriptionRow {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'subscription_id', type: 'varchar', length: 100, unique: true })
  subscriptionId!: string;

  /** The first pattern. */
  @Column({ name: 'topic_name', type: 'varchar', length: 200 })
  topicName!: string;

  abstract subscriberService: string;

  @Column({ type: 'json', nullable: true })
  filters!: Filter | null;

  @Column({ name: 'delivery_guarantee', type: 'varchar', length: 20, default: 'at_least_once' })
  deliveryGuarantee!: DeliveryGuarantee;

  abstract status: DurableSubscription['status'];

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ type: 'varchar', length: 100, default: 'default' })
  tenant!: string;

  abstract type: SubscriptionType;

  abstract start: 'latest' | RememberedStart;

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
