import {
  DistributionError,
  type NewTopic,
  type TopicCatalog,
  type TopicChange,
  type TopicCheck,
  type TopicDefinition,
} from '@distributary/distribution-core';
import { isUniqueViolation, translated } from '@distributary/persistence';
import type { DataSource, EntityManager } from 'typeorm';
import { MonitoringTopicEntity } from './monitoring-topic.entity.js';

/** The {@link TopicCatalog} in `monitoring_topics`. */
export class TypeormTopicCatalog implements TopicCatalog {
  constructor(private readonly dataSource: DataSource) {}

  version(): Promise<number> {
    return translated(async () => {
      const [row] = await this.dataSource.query<{ version: string }[]>('SELECT version FROM catalog_version');
      return Number(row.version);
    });
  }

  list(): Promise<readonly TopicDefinition[]> {
    return translated(async () => {
      const rows = await this.dataSource.manager.find(MonitoringTopicEntity, { order: { topicName: 'ASC' } });
      return rows.map(toDefinition);
    });
  }

  find(name: string): Promise<TopicDefinition | undefined> {
    return translated(async () => {
      const row = await this.dataSource.manager.findOneBy(MonitoringTopicEntity, { topicName: name });
      return row === null ? undefined : toDefinition(row);
    });
  }

  create(topic: NewTopic): Promise<TopicDefinition> {
    return this.changed(async (manager, catalogVersion) => {
      const { name, payload = null, ...columns } = topic;
      const row = manager.create(MonitoringTopicEntity, { ...columns, payload, topicName: name, catalogVersion });
      try {
        return toDefinition(await manager.save(row));
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new DistributionError('topic.exists', `there is a topic ${name}, or one of its broker name, already`);
      }
    });
  }

  change(name: string, change: TopicChange, check: TopicCheck = () => undefined): Promise<TopicDefinition> {
    return this.changed(async (manager) => {
      const row = await this.required(manager, name);
      check(toDefinition(row));
      return toDefinition(await manager.save(Object.assign(row, change)));
    });
  }

  delete(name: string, check: TopicCheck = () => undefined): Promise<void> {
    return this.changed(async (manager) => {
      const row = await this.required(manager, name);
      check(toDefinition(row));
      await manager.remove(row);
    });
  }

  /** The version is raised first: its row's lock makes changes of all processes one after another. */
  private changed<Result>(work: (manager: EntityManager, version: string) => Promise<Result>): Promise<Result> {
    return translated(() =>
      this.dataSource.transaction(async (manager) => {
        const [rows] = await manager.query<[{ version: string }[], number]>(
          'UPDATE catalog_version SET version = version + 1 RETURNING version',
        );
        return work(manager, rows[0].version);
      }),
    );
  }

  private async required(manager: EntityManager, name: string): Promise<MonitoringTopicEntity> {
    const row = await manager.findOneBy(MonitoringTopicEntity, { topicName: name });
    if (row === null) throw new DistributionError('topic.not_found', `no topic ${name}`);
    return row;
  }
}

function toDefinition(row: MonitoringTopicEntity): TopicDefinition {
  return {
    name: row.topicName,
    tenant: row.tenant,
    brokerName: row.brokerName,
    dataType: row.dataType,
    partitions: row.partitions,
    retentionPolicy: row.retentionPolicy,
    enabled: row.enabled,
    origin: row.origin,
    ...(row.payload === null ? {} : { payload: row.payload }),
    priority: row.priority,
    conflationKey: row.conflationKey,
    catalogVersion: Number(row.catalogVersion),
    createdAtMicros: row.createdAt.getTime() * 1000,
  };
}
