import type { ConflationKey, TopicPayload } from '@distributary/distribution-core';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A row of `monitoring_topics`. */
@Entity({ name: 'monitoring_topics' })
export class MonitoringTopicEntity {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'topic_name', type: 'varchar', length: 200, unique: true })
  topicName!: string;

  @Column({ name: 'data_type', type: 'varchar', length: 50 })
  dataType!: string;

  @Column({ type: 'integer', default: 1 })
  partitions!: number;

  @Column({ name: 'retention_policy', type: 'varchar', length: 50, default: '7d' })
  retentionPolicy!: string;

  @Column({ type: 'boolean', default: true })
  enabled!: boolean;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ type: 'varchar', length: 100, default: 'default' })
  tenant!: string;

  @Column({ name: 'broker_name', type: 'varchar', length: 249, unique: true })
  brokerName!: string;

  @Column({ type: 'varchar', length: 20, default: 'ingested' })
  origin!: 'ingested' | 'external';

  /** Null: JSON. */
  @Column({ type: 'jsonb', nullable: true })
  payload!: TopicPayload | null;

  @Column({ type: 'smallint', default: 5 })
  priority!: number;

  @Column({ name: 'conflation_key', type: 'jsonb' })
  conflationKey!: ConflationKey;

  /** bigint: the driver gives text. */
  @Column({ name: 'catalog_version', type: 'bigint' })
  catalogVersion!: string;
}
