import {
  DistributionError,
  type NewTopic,
  type TopicCatalog,
  type TopicChange,
  type TopicCheck,
  type TopicDefinition,
  type TopicStep,
} from '@distributary/distribution-core';
import type { DataSource, EntityManager, Repository } from 'typeorm';
import { isForeignKeyViolation, isUniqueViolation, translated } from '../postgres.errors.js';
import type { TopicRow } from './topic-row.js';

/**
 * The {@link TopicCatalog} in the table of an entity, with its version in `catalog_version` of the same schema. Where
 * another table refers to the topics, one that is referred to is not deleted: `topic.in_use`.
 */
export class PostgresTopicCatalog implements TopicCatalog {
  constructor(
    private readonly dataSource: DataSource,
    private readonly entity: new () => TopicRow,
  ) {}

  version(): Promise<number> {
    return translated(async () => {
      const [row] = await this.dataSource.query<{ version: string }[]>('SELECT version FROM catalog_version');
      return Number(row.version);
    });
  }

  list(): Promise<readonly TopicDefinition[]> {
    return translated(async () => {
      const rows = await this.rowsOf(this.dataSource.manager).find({ order: { topicName: 'ASC' } });
      return rows.map(toDefinition);
    });
  }

  find(name: string): Promise<TopicDefinition | undefined> {
    return translated(async () => {
      const row = await this.rowsOf(this.dataSource.manager).findOneBy({ topicName: name });
      return row === null ? undefined : toDefinition(row);
    });
  }

  create(topic: NewTopic, step?: TopicStep): Promise<TopicDefinition> {
    return this.changed(async (rows, catalogVersion) => {
      const { name, payload = null, ...columns } = topic;
      const row = rows.create({ ...columns, payload, topicName: name, catalogVersion });
      try {
        await rows.save(row);
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new DistributionError('topic.exists', `there is a topic ${name}, or one of its broker name, already`);
      }
      const created = toDefinition(row);
      await step?.(created);
      return created;
    });
  }

  change(name: string, change: TopicChange, check: TopicCheck = () => undefined): Promise<TopicDefinition> {
    return this.changed(async (rows) => {
      const row = await required(rows, name);
      check(toDefinition(row));
      return toDefinition(await rows.save(Object.assign(row, change)));
    });
  }

  delete(name: string, check: TopicCheck = () => undefined): Promise<void> {
    return this.changed(async (rows) => {
      const row = await required(rows, name);
      check(toDefinition(row));
      try {
        await rows.remove(row);
      } catch (error) {
        if (!isForeignKeyViolation(error)) throw error;
        throw new DistributionError('topic.in_use', `a durable subscription is to ${name} by its name`);
      }
    });
  }

  undisturbed(work: () => Promise<void>): Promise<void> {
    return translated(() =>
      this.dataSource.transaction(async (manager) => {
        await manager.query('SELECT version FROM catalog_version FOR UPDATE');
        await work();
      }),
    );
  }

  /** The version is raised first: its row's lock makes changes of all processes one after another. */
  private changed<Result>(work: (rows: Repository<TopicRow>, version: string) => Promise<Result>): Promise<Result> {
    return translated(() =>
      this.dataSource.transaction(async (manager) => {
        const [rows] = await manager.query<[{ version: string }[], number]>(
          'UPDATE catalog_version SET version = version + 1 RETURNING version',
        );
        return work(this.rowsOf(manager), rows[0].version);
      }),
    );
  }

  private rowsOf(manager: EntityManager): Repository<TopicRow> {
    return manager.getRepository(this.entity);
  }
}

async function required(rows: Repository<TopicRow>, name: string): Promise<TopicRow> {
  const row = await rows.findOneBy({ topicName: name });
  if (row === null) throw new DistributionError('topic.not_found', `no topic ${name}`);
  return row;
}

function toDefinition(row: TopicRow): TopicDefinition {
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
