import type { Connection } from '@platformatic/kafka';
import { describeLogDirsV4 } from '@platformatic/kafka';
import type { Cluster } from '../wire/cluster.js';
import type { KafkaTopic } from '../wire/metadata.js';

/** How many bytes lanes take: of each replica, so the largest counts. */
export class LaneSizes {
  constructor(private readonly cluster: Cluster) {}

  /** By partition. A broker that may not be asked is left out: it is a figure for people. */
  async of(topic: KafkaTopic): Promise<ReadonlyMap<number, number>> {
    const { name } = topic;
    const partitions = topic.partitions.map((_, partition) => partition);
    const sizes = new Map<number, number>();
    const brokers = await this.cluster.allBrokers();
    const answers = await Promise.allSettled(
      brokers.map((broker) =>
        broker.ask<describeLogDirsV4.DescribeLogDirsResponse>('describe log folders', (connection: Connection, done) =>
          describeLogDirsV4.api(connection, [{ name, partitions }], done),
        ),
      ),
    );
    for (const answer of answers) {
      if (answer.status === 'rejected') continue;
      for (const { topics } of answer.value.results) {
        for (const { partitionIndex, partitionSize } of topics.flatMap((topic) => topic.partitions)) {
          sizes.set(partitionIndex, Math.max(sizes.get(partitionIndex) ?? 0, Number(partitionSize)));
        }
      }
    }
    return sizes;
  }
}
