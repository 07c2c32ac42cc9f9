import type { Lane, TailStart } from '@distributary/distribution-core';
import { kafkaError, KAFKA, positionLost, topicNotFound } from '../kafka.errors.js';
import { offsetAfter } from '../records/offset-positions.js';
import type { KafkaNames } from '../topics/topic-names.js';
import type { Cluster } from '../wire/cluster.js';
import type { KafkaTopic } from '../wire/metadata.js';

/** Where a reader stands, and who leads the lane. */
export interface ReadPlace {
  readonly lane: Lane;
  /** Of the next event that it wants. */
  offset: number;
  leader: number;
  leaderEpoch: number;
}

/** Finds lanes, and finds them again when their leader moves or their topic goes. */
export class LaneFinder {
  constructor(
    private readonly cluster: Cluster,
    private readonly names: KafkaNames,
  ) {}

  /** `position.lost` if the topic has begun anew since `epoch`. */
  async open({ topic, partition, after, epoch }: TailStart): Promise<ReadPlace> {
    const offset = offsetAfter(after);
    const name = this.names.topic(topic);
    let found = await this.cluster.topic(name);
    // It may be that only this process has not heard of the new one.
    if (epoch !== undefined && found.epoch !== epoch) found = await this.cluster.freshTopic(name);
    if (epoch !== undefined && found.epoch !== epoch) {
      throw positionLost(`${topic}#${partition} has begun anew since this position was given`);
    }
    const { leader, leaderEpoch } = ledBy(found, topic, partition);
    return { lane: { topic, partition, epoch: found.epoch }, offset, leader, leaderEpoch };
  }

  /** Learns what bears the name now; `topic.not_found` if nothing does. */
  async look(topic: string): Promise<void> {
    await this.cluster.freshTopic(this.names.topic(topic));
  }

  /** Looks who leads the lane now; `topic.not_found` if its epoch is over. */
  async refresh(place: ReadPlace): Promise<void> {
    const { topic, partition, epoch } = place.lane;
    const found = await this.cluster.freshTopic(this.names.topic(topic));
    if (found.epoch !== epoch) throw topicNotFound(topic);
    const { leader, leaderEpoch } = ledBy(found, topic, partition);
    place.leader = leader;
    place.leaderEpoch = leaderEpoch;
    if (leader < 0) throw kafkaError(KAFKA.leaderNotAvailable, `read ${topic}#${partition}`);
  }
}

export function ledBy({ partitions }: KafkaTopic, topic: string, partition: number) {
  if (partition >= partitions.length) throw topicNotFound(`${topic}#${partition}`);
  return partitions[partition];
}
