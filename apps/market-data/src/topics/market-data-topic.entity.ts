import { TopicRow } from '@distributary/persistence';
import { Column, Entity, UpdateDateColumn } from 'typeorm';

/** A row of `topics`. */
@Entity({ name: 'topics' })
export class MarketDataTopicEntity extends TopicRow {
  @Column({ name: 'compression_type', type: 'varchar', length: 20, default: 'LZ4' })
  compressionType!: string;

  @Column({ name: 'schema_version', type: 'varchar', length: 10, nullable: true })
  schemaVersion!: string | null;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
