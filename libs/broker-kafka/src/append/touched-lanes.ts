import { KAFKA, kafkaError } from '../kafka.errors.js';
import type { BrokerConnection } from '../wire/broker-connection.js';
import { addGroupRequest, addLanesRequest } from '../wire/transaction-requests.js';
import type { ProducerId } from './producer-ids.js';

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

  /** They belong to the present transaction of the id, although nothing is written to them. */
  async join(coordinator: BrokerConnection, transactionalId: string, producer: ProducerId): Promise<void> {
    const topics = [...this.topics].map(([name, partitions]) => ({ name, partitions: [...partitions] }));
    const codes =
      topics.length === 0 ? [] : [...(await coordinator.request(addLanesRequest(transactionalId, producer, topics)))];
    for (const groupId of this.groups) {
      codes.push(...(await coordinator.request(addGroupRequest(transactionalId, producer, groupId))));
    }
    const failed = codes.find((code) => code !== KAFKA.none);
    if (failed !== undefined) throw kafkaError(failed, 'end a transaction again');
  }
}
