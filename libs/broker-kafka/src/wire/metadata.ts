import type { Connection } from '@platformatic/kafka';
import { metadataV12 } from '@platformatic/kafka';
import { KAFKA, kafkaError } from '../kafka.errors.js';
import type { BrokerAddress, BrokerConnection } from './broker-connection.js';

export interface KafkaPartition {
  /** Of the broker that leads it; -1 while there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
}

export interface KafkaTopic {
  /** As Kafka knows it, with the prefix. */
  readonly name: string;
  /** Kafka's topic id as its own tools print it: our epoch. */
  readonly epoch: string;
  readonly isInternal: boolean;
  readonly partitions: readonly KafkaPartition[];
}

export interface ClusterView {
  readonly brokers: ReadonlyMap<number, BrokerAddress>;
  readonly topics: readonly KafkaTopic[];
}

/** Of these topics, those that are there; of all of them without a list. */
export async function askMetadata(broker: BrokerConnection, names?: readonly string[]): Promise<ClusterView> {
  const answer = await broker.ask<metadataV12.MetadataResponse>('metadata', (connection: Connection, done) =>
    // The library's type does not know that null asks for all topics; its code does.
    metadataV12.api(connection, (names === undefined ? null : [...names]) as string[], false, false, done),
  );
  return clusterView(answer);
}

export function clusterView({
  brokers,
  topics,
}: Pick<metadataV12.MetadataResponse, 'brokers' | 'topics'>): ClusterView {
  const found: KafkaTopic[] = [];
  for (const { errorCode, name, topicId, isInternal, partitions } of topics) {
    if (isMissing(errorCode)) continue;
    if (errorCode !== KAFKA.none && errorCode !== KAFKA.leaderNotAvailable) {
      throw kafkaError(errorCode, `metadata of ${name}`);
    }
    const byIndex = [...partitions].sort((a, b) => a.partitionIndex - b.partitionIndex);
    found.push({
      name: name ?? '',
      epoch: epochOf(topicId),
      isInternal,
      partitions: byIndex.map(({ leaderId, leaderEpoch }) => ({ leader: leaderId, leaderEpoch })),
    });
  }
  return {
    brokers: new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])),
    topics: found,
  };
}

/** 22 characters of base64url, as `kafka-topics.sh --describe` prints it. */
export const epochOf = (uuid: string): string => Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url');

function isMissing(errorCode: number): boolean {
  return (
    errorCode === KAFKA.unknownTopicOrPartition ||
    errorCode === KAFKA.unknownTopicId ||
    // A name that Kafka would not take is a topic that is not there.
    errorCode === KAFKA.invalidTopic
  );
}
