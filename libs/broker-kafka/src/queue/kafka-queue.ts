import {
  LogQueue,
  type LogQueueOptions,
  type Queue,
  type QueueConsumer,
  type QueueOptions,
} from '@distributary/distribution-core';
import { KafkaGroups, type KafkaGroupsOptions } from './kafka-groups.js';

/** `log`: the Kafka log with the same brokers and prefix. */
export interface KafkaQueueOptions extends Omit<LogQueueOptions, 'groups'>, KafkaGroupsOptions {}

/**
 * The {@link Queue} over Kafka: processes that join a subscription share its lanes by Kafka's own group protocol, and commit
 * as members, so that Kafka refuses a process that was stopped and wakes. `exclusive` is one member whose group refuses
 * others, `failover` one with others who wait; which of them it is, is agreed where lanes are given out.
 *
 * A lane moves without the others pausing. It stands still for at most `revokeWaitMs` and a moment when it is given on, and
 * for at most `sessionTimeoutMs` and a moment when its process dies.
 */
export class KafkaQueue implements Queue {
  private readonly groups: KafkaGroups;
  private readonly queue: LogQueue;

  constructor(options: KafkaQueueOptions) {
    this.groups = new KafkaGroups(options);
    this.queue = new LogQueue({ ...options, groups: this.groups });
  }

  subscribe(name: string, options: QueueOptions): Promise<QueueConsumer> {
    return this.queue.subscribe(name, options);
  }

  deleteSubscription(name: string): Promise<void> {
    return this.queue.deleteSubscription(name);
  }

  async close(): Promise<void> {
    await this.queue.close();
    await this.groups.close();
  }
}
