import type { ConflationKey, TopicPayload } from '@distributary/distribution-core';
import { Column, CreateDateColumn, PrimaryGeneratedColumn } from 'typeorm';

/** What the catalog needs of a table of topics; a service's entity names the table and adds columns of its own. */
export abstract class TopicRow {
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
