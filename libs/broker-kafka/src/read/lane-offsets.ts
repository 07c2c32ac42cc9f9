import type { Connection } from '@platformatic/kafka';
import { listOffsetsV9 } from '@platformatic/kafka';
import { connectionLost, KAFKA, kafkaError } from '../kafka.errors.js';
import type { Cluster } from '../wire/cluster.js';
import type { ReadPlace } from './lane-place.js';

type Isolation = 'committed' | 'uncommitted';
const ISOLATION = { uncommitted: 0, committed: 1 } as const;
const EARLIEST = -2n;
const LATEST = -1n;

export interface OffsetRange {
  readonly first: number;
  /** Behind the newest. */
  readonly end: number;
}

/** Asks leaders where lanes begin and end, and what was there at a time. */
export class LaneOffsets {
  constructor(
    private readonly cluster: Cluster,
    private readonly kafkaName: (topic: string) => string,
  ) {}

  /** All that is there, for readers of committed events or for a look at what may still become visible. */
  async range(place: ReadPlace, isolation: Isolation = 'uncommitted'): Promise<OffsetRange> {
    const [first, end] = await Promise.all([
      this.at(place, EARLIEST, 'uncommitted'),
      this.at(place, LATEST, isolation),
    ]);
    return { first, end: Math.max(first, end) };
  }

  /** Of the first record with this time or a later one; undefined if there is none. */
  async atTime(place: ReadPlace, timeMs: number): Promise<number | undefined> {
    const offset = await this.at(place, BigInt(timeMs), 'committed');
    return offset < 0 ? undefined : offset;
  }

  private async at({ lane, leader, leaderEpoch }: ReadPlace, timestamp: bigint, isolation: Isolation): Promise<number> {
    const what = `find offsets of ${lane.topic}#${lane.partition}`;
    const partition = { partitionIndex: lane.partition, currentLeaderEpoch: leaderEpoch, timestamp };
    const topics = [{ name: this.kafkaName(lane.topic), partitions: [partition] }];
    const broker = this.cluster.node(leader, 'read');
    const answer = await broker.ask<listOffsetsV9.ListOffsetsResponse>(what, (connection: Connection, done) =>
      listOffsetsV9.api(connection, -1, ISOLATION[isolation], topics, done),
    );
    const found = answer.topics[0]?.partitions[0];
    if (found === undefined) throw connectionLost(what, new Error('the answer is empty'));
    if (found.errorCode !== KAFKA.none) throw kafkaError(found.errorCode, what);
    return Number(found.offset);
  }
}
