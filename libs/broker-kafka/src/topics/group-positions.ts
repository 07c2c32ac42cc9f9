import type { GroupCommit, LanePosition } from '@distributary/distribution-core';
import type { Connection } from '@platformatic/kafka';
import { deleteGroupsV2, offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka';
import { KAFKA, kafkaError, topicNotFound } from '../kafka.errors.js';
import { offsetAfter, positionBefore } from '../records/offset-positions.js';
import type { BrokerConnection } from '../wire/broker-connection.js';
import type { Cluster } from '../wire/cluster.js';
import type { Retrying } from '../wire/retrying.js';
import type { KafkaNames } from './topic-names.js';

/** Commits of who is no member of the group: Kafka takes them as long as the group has no members. */
export const NO_MEMBER = { memberId: '', generation: -1 } as const;

const LOOK_AGAIN_MS = 5;
const MAX_LOOKS = 200;

export interface CommittedTopic {
  readonly name: string;
  readonly partitions: {
    readonly partitionIndex: number;
    readonly committedOffset: bigint;
    readonly committedLeaderEpoch: number;
    /** Our epoch: the topic may be another one when the offset is asked for. */
    readonly committedMetadata: string;
  }[];
}

/** Positions of groups, as the offsets of consumer groups. */
export class GroupPositions {
  /** What this process has committed in transactions, and not yet seen: Kafka makes it visible a little later. */
  private readonly expected = new Map<string, readonly LanePosition[]>();

  constructor(
    private readonly cluster: Cluster,
    private readonly names: KafkaNames,
    private readonly retrying: Retrying,
    private readonly timeoutMs: number,
  ) {}

  /** A transaction has moved them; whoever asks here next waits for it, though not for long. */
  expect({ group, positions }: GroupCommit): void {
    this.expected.set(group, positions);
  }

  async committed(group: string): Promise<readonly LanePosition[]> {
    for (let looks = 0; ; looks++) {
      const found = await this.look(group);
      const expected = this.expected.get(group);
      if (expected === undefined || looks >= MAX_LOOKS || hasAll(found, expected)) {
        this.expected.delete(group);
        return found;
      }
      await this.retrying.wait(LOOK_AGAIN_MS);
    }
  }

  private look(group: string): Promise<readonly LanePosition[]> {
    const groupId = this.names.group(group);
    return this.withCoordinator(groupId, async (broker) => {
      // `null` asks for all that the group has; the library's type does not know it.
      const asked = { groupId, memberId: null, memberEpoch: -1, topics: null as never };
      const answer = await broker.ask<offsetFetchV9.OffsetFetchResponse>(
        'fetch offsets',
        (connection: Connection, done) => offsetFetchV9.api(connection, [asked as never], true, done),
      );
      const [{ errorCode, topics }] = answer.groups;
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, `read the positions of ${group}`);
      return topics.flatMap(({ name, partitions }) => {
        const topic = this.names.ourName(name);
        return partitions.flatMap(
          ({ partitionIndex, committedOffset, metadata, errorCode: laneError }): LanePosition[] => {
            if (laneError !== KAFKA.none) throw kafkaError(laneError, `read the positions of ${group}`);
            if (topic === undefined || committedOffset < 0n) return [];
            const position = positionBefore(Number(committedOffset));
            return [{ topic, partition: partitionIndex, epoch: metadata ?? '', position }];
          },
        );
      });
    });
  }

  async commit({ group, positions, member = NO_MEMBER }: GroupCommit): Promise<void> {
    const groupId = this.names.group(group);
    if (positions.length === 0) return;
    const topics = committedTopics(this.names, positions);
    await this.withCoordinator(groupId, async (broker) => {
      await this.checkTopics(topics);
      const answer = await broker.ask<offsetCommitV9.OffsetCommitResponse>(
        'commit offsets',
        (connection: Connection, done) =>
          offsetCommitV9.api(connection, groupId, member.generation, member.memberId, null, topics, done),
      );
      checkCommitted(answer.topics, group);
    });
  }

  async delete(group: string): Promise<void> {
    const groupId = this.names.group(group);
    await this.withCoordinator(groupId, async (broker) => {
      const answer = await broker.ask<deleteGroupsV2.DeleteGroupsResponse>(
        'delete group',
        (connection: Connection, done) => deleteGroupsV2.api(connection, [groupId], done),
      );
      const [{ errorCode }] = answer.results;
      if (errorCode !== KAFKA.none && errorCode !== KAFKA.groupNotFound) throw kafkaError(errorCode, `delete ${group}`);
    });
  }

  /** Kafka's answer for a topic that is not there may as well mean that a broker has not heard of it yet. */
  async checkTopics(topics: readonly CommittedTopic[]): Promise<void> {
    for (const { name, partitions } of topics) {
      const present = await this.cluster.freshTopic(name);
      const missing = partitions.find(({ partitionIndex }) => partitionIndex >= present.partitions.length);
      if (missing !== undefined) throw topicNotFound(`${name}#${missing.partitionIndex}`);
    }
  }

  private withCoordinator<Result>(
    groupId: string,
    ask: (broker: BrokerConnection) => Promise<Result>,
  ): Promise<Result> {
    return this.retrying.within(this.timeoutMs, async () => {
      try {
        return await ask(await this.cluster.coordinator('group', groupId));
      } catch (error) {
        this.cluster.forgetCoordinator('group', groupId);
        throw error;
      }
    });
  }
}

/** Or more: others may have moved them since. */
function hasAll(found: readonly LanePosition[], expected: readonly LanePosition[]): boolean {
  return expected.every(({ topic, partition, position, epoch }) =>
    found.some(
      (each) =>
        each.topic === topic && each.partition === partition && (each.epoch !== epoch || each.position >= position),
    ),
  );
}

export function committedTopics(names: KafkaNames, positions: readonly LanePosition[]): CommittedTopic[] {
  const topics = new Map<string, CommittedTopic>();
  for (const { topic, partition, epoch, position } of positions) {
    const name = names.topic(topic);
    const committed = topics.get(name) ?? { name, partitions: [] };
    topics.set(name, committed);
    committed.partitions.push({
      partitionIndex: partition,
      committedOffset: BigInt(offsetAfter(position, 'position')),
      committedLeaderEpoch: -1,
      committedMetadata: epoch,
    });
  }
  return [...topics.values()];
}

export function checkCommitted(
  topics: readonly { readonly name: string; readonly partitions: readonly { readonly errorCode: number }[] }[],
  group: string,
): void {
  for (const { name, partitions } of topics) {
    for (const { errorCode } of partitions) {
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, `commit the positions of ${group} in ${name}`);
    }
  }
}
