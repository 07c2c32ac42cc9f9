import type { LogTopic, Retention } from '@distributary/distribution-core';
import { DistributionError, invalidRequest } from '@distributary/distribution-core';
import type { Connection } from '@platformatic/kafka';
import { createTopicsV7, deleteTopicsV6, describeConfigsV4, incrementalAlterConfigsV1 } from '@platformatic/kafka';
import { KAFKA, kafkaError, topicNotFound } from '../kafka.errors.js';
import type { Cluster } from '../wire/cluster.js';
import { askMetadata, type KafkaTopic } from '../wire/metadata.js';
import type { Retrying } from '../wire/retrying.js';
import type { KafkaNames } from './topic-names.js';
import { ASKED_SETTINGS, creationSettings, isMarked, retentionOf, settingsOf } from './topic-settings.js';

export interface TopicAdminOptions {
  readonly timeoutMs: number;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number | undefined;
  readonly maxRecordBytes: number;
}

const TOPIC = 2;
const SET = 0;
const MAX_PARTITIONS = 4096;

/** Topics as the port knows them. A change is answered when every broker that can be reached knows of it. */
export class TopicAdmin {
  constructor(
    private readonly cluster: Cluster,
    private readonly names: KafkaNames,
    private readonly retrying: Retrying,
    private readonly options: TopicAdminOptions,
  ) {}

  async create(name: string, partitions: number, retention: Retention): Promise<LogTopic> {
    this.names.check(name);
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
      throw invalidRequest([{ path: 'partitions', rule: `must be an integer from 1 to ${MAX_PARTITIONS}` }]);
    }
    const { maxRecordBytes, minInsyncReplicas, replicationFactor, timeoutMs } = this.options;
    const topic = {
      name: this.names.topic(name),
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: creationSettings(retention, maxRecordBytes, minInsyncReplicas),
    };
    await this.retrying.within(timeoutMs, async () => {
      const broker = await this.cluster.anyBroker();
      const answer = await broker.ask<createTopicsV7.CreateTopicsResponse>(
        'create topic',
        (connection: Connection, done) => createTopicsV7.api(connection, [topic], timeoutMs, false, done),
      );
      const [{ errorCode, errorMessage }] = answer.topics;
      if (errorCode === KAFKA.topicExists) throw topicExists(name);
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, `create topic ${name}`, errorMessage);
    });
    const created = await this.everywhere(topic.name, (found) => isServed(found, partitions));
    return this.plain(created as KafkaTopic, retention);
  }

  async delete(name: string): Promise<void> {
    const full = this.names.topic(name);
    const { timeoutMs } = this.options;
    let epoch: string | undefined;
    await this.retrying.within(timeoutMs, async (tries) => {
      const present = await this.cluster.findTopic(full);
      // An earlier attempt may have been heard.
      if (present === undefined && tries > 0 && epoch !== undefined) return;
      if (present === undefined) throw topicNotFound(name);
      epoch ??= present.epoch;
      if (present.epoch !== epoch) return;
      const broker = await this.cluster.anyBroker();
      const answer = await broker.ask<deleteTopicsV6.DeleteTopicsResponse>(
        'delete topic',
        (connection: Connection, done) => deleteTopicsV6.api(connection, [{ name: full }], timeoutMs, done),
      );
      const [{ errorCode, errorMessage }] = answer.responses;
      if (errorCode === KAFKA.unknownTopicOrPartition) throw topicNotFound(name);
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, `delete topic ${name}`, errorMessage);
    });
    await this.everywhere(full, (found) => found?.epoch !== epoch);
    this.cluster.forget(full);
  }

  async setRetention(name: string, retention: Retention): Promise<void> {
    const resourceName = this.names.topic(name);
    const { timeoutMs } = this.options;
    const configs = settingsOf(retention).map((setting) => ({ ...setting, configOperation: SET }) as const);
    await this.retrying.within(timeoutMs, async () => {
      await this.cluster.freshTopic(resourceName);
      const broker = await this.cluster.anyBroker();
      const answer = await broker.ask<incrementalAlterConfigsV1.IncrementalAlterConfigsResponse>(
        'alter topic',
        (connection: Connection, done) =>
          incrementalAlterConfigsV1.api(connection, [{ resourceType: TOPIC, resourceName, configs }], false, done),
      );
      const [{ errorCode, errorMessage }] = answer.responses;
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, `set the retention of ${name}`, errorMessage);
    });
  }

  /** Topics that were made here. Those of others are used under their names, but never listed: nobody shall tidy them up. */
  list(): Promise<readonly LogTopic[]> {
    return this.retrying.within(this.options.timeoutMs, async () => {
      const { topics } = await this.cluster.view();
      const candidates = topics.filter((topic) => !topic.isInternal && this.names.ourName(topic.name) !== undefined);
      if (candidates.length === 0) return [];
      const settings = await this.settings(candidates.map((topic) => topic.name));
      return candidates.flatMap((topic) => {
        const found = settings.get(topic.name);
        return found !== undefined && isMarked(found) ? [this.plain(topic, retentionOf(found))] : [];
      });
    });
  }

  private async settings(names: readonly string[]): Promise<Map<string, Map<string, string | null>>> {
    const broker = await this.cluster.anyBroker();
    const resources = names.map((resourceName) => ({
      resourceType: TOPIC as typeof TOPIC,
      resourceName,
      configurationKeys: [...ASKED_SETTINGS],
    }));
    const answer = await broker.ask<describeConfigsV4.DescribeConfigsResponse>(
      'describe topics',
      (connection: Connection, done) => describeConfigsV4.api(connection, resources, false, false, done),
    );
    const settings = new Map<string, Map<string, string | null>>();
    for (const { errorCode, errorMessage, resourceName, configs } of answer.results) {
      // Deleted in between.
      if (errorCode === KAFKA.unknownTopicOrPartition) continue;
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, `describe topic ${resourceName}`, errorMessage);
      settings.set(
        resourceName,
        new Map(configs.map(({ name, value }): [string, string | null] => [name, value ?? null])),
      );
    }
    return settings;
  }

  /** Waits until every broker that answers sees it so; the last word is that of the cluster's view. */
  private async everywhere(
    name: string,
    isSo: (topic: KafkaTopic | undefined) => boolean,
  ): Promise<KafkaTopic | undefined> {
    return this.retrying.within(this.options.timeoutMs, async () => {
      const brokers = await this.cluster.allBrokers();
      const views = await Promise.allSettled(brokers.map((broker) => askMetadata(broker, [name])));
      for (const view of views) {
        if (view.status === 'rejected') continue;
        if (!isSo(view.value.topics.find((topic) => topic.name === name))) {
          throw kafkaError(KAFKA.leaderNotAvailable, `learn of topic ${name}`);
        }
      }
      const topic = await this.cluster.findTopic(name);
      if (!isSo(topic)) throw kafkaError(KAFKA.leaderNotAvailable, `learn of topic ${name}`);
      return topic;
    });
  }

  private plain({ name, epoch, partitions }: KafkaTopic, retention: Retention): LogTopic {
    const topic = this.names.ourName(name) as string;
    const lanes = partitions.map((_, partition) => ({ topic, partition, epoch }));
    return { name: topic, partitions: partitions.length, retention, lanes };
  }
}

const topicExists = (name: string) => new DistributionError('topic.exists', `there is a topic ${name} already`);

const isServed = (topic: KafkaTopic | undefined, partitions: number): boolean =>
  topic !== undefined &&
  topic.partitions.length === partitions &&
  topic.partitions.every((partition) => partition.leader >= 0);
