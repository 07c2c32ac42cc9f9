import { KAFKA, kafkaError } from '../kafka.errors.js';
import type { BrokerConnection } from '../wire/broker-connection.js';
import { addGroupRequest, addLanesRequest } from '../wire/transaction-requests.js';
import type { ProducerId } from './producer-ids.js';

const AGAIN = 'end a transaction again';

/** Where a transaction has to leave its mark: the lanes that it wrote to, and the groups whose positions it committed. */
export class TouchedLanes {
  private readonly topics = new Map<string, Set<number>>();
  private readonly groups = new Set<string>();

  lane(topic: string, partition: number): void {
    const partitions = this.topics.get(topic) ?? new Set();
    this.topics.set(topic, partitions.add(partition));
  }

  group(groupId: string): void {
    this.groups.add(groupId);
  }

  /**
   * They belong to the present transaction of the id, although nothing is written to them. False if there is nothing of them
   * any more: nobody reads topics that were deleted meanwhile.
   */
  async join(
    coordinator: BrokerConnection,
    transactionalId: string,
    producer: ProducerId,
    isThere: (topic: string) => Promise<boolean>,
  ): Promise<boolean> {
    while (this.topics.size > 0) {
      const topics = [...this.topics].map(([name, partitions]) => ({ name, partitions: [...partitions] }));
      const answers = await coordinator.request(addLanesRequest(transactionalId, producer, topics));
      const failed = answers.filter(({ errorCode }) => errorCode !== KAFKA.none);
      if (failed.length === 0) break;
      // One topic that is not known keeps all others out, too.
      const unknown = failed.filter(({ errorCode }) => errorCode === KAFKA.unknownTopicOrPartition);
      const isDropped = await Promise.all(unknown.map(({ name }) => this.dropGone(name, isThere)));
      if (!isDropped.includes(true)) throw kafkaError((unknown[0] ?? failed[0]).errorCode, AGAIN);
    }
    for (const groupId of this.groups) {
      const [errorCode] = await coordinator.request(addGroupRequest(transactionalId, producer, groupId));
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, AGAIN);
    }
    return this.topics.size > 0 || this.groups.size > 0;
  }

  private async dropGone(topic: string, isThere: (topic: string) => Promise<boolean>): Promise<boolean> {
    return !(await isThere(topic)) && this.topics.delete(topic);
  }
}
