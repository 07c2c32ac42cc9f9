import {
  LogQueue,
  type LogQueueOptions,
  type Queue,
  type QueueConsumer,
  type QueueOptions,
} from '@distributary/distribution-core';
import type { PulsarLog } from '../pulsar-log.js';

export interface PulsarQueueOptions extends Omit<LogQueueOptions, 'groups' | 'competing' | 'log'> {
  readonly log: PulsarLog;
}

/**
 * The {@link Queue} over Pulsar: `shared` and `key_shared` are Pulsar's own types, spread over the processes that join;
 * `exclusive` and `failover` are ours, over the log, among the consumers of this process.
 *
 * Pulsar stores acknowledgements about once a second (`managedLedgerDefaultMarkDeleteRateLimit`), and says nothing then: ours
 * resolve when its broker has taken them. If that one dies within the second, some events come again.
 */
export class PulsarQueue implements Queue {
  private readonly queue: LogQueue;

  constructor(options: PulsarQueueOptions) {
    this.queue = new LogQueue({ ...options, competing: options.log.subscriptions });
  }

  subscribe(name: string, options: QueueOptions): Promise<QueueConsumer> {
    return this.queue.subscribe(name, options);
  }

  deleteSubscription(name: string): Promise<void> {
    return this.queue.deleteSubscription(name);
  }

  close(): Promise<void> {
    return this.queue.close();
  }
}
