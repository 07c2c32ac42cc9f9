import type { Log } from '../ports/log.port.js';
import type { Delivery, Queue, QueueConsumer, QueueOptions } from '../ports/queue.port.js';
import { anEvent } from './builders.js';
import { FOREVER } from './log.contract.js';
import { describeCompetition } from './queue-competition.contract.js';
import { describeRedelivery } from './queue-redelivery.contract.js';

export interface QueueHarness {
  readonly queue: Queue;
  /** Where the events come from and dead letters go to. */
  readonly log: Log;
  /** Closes the present queue as a stop of its process would, and opens another on the same storage. */
  restart(): Promise<Queue>;
  letTimePass(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

export interface QueueFactory {
  open(): Promise<QueueHarness>;
}

/** The promises of the {@link Queue} port; every implementation runs them. */
export function describeQueueContract(name: string, factory: QueueFactory): void {
  describe(`${name} keeps the promises of a queue`, () => {
    const context = new QueueContext(factory);
    beforeEach(() => context.open());
    afterEach(() => context.harness.dispose());
    describeCompetition(context);
    describeRedelivery(context);
  });
}

/** Topics `orders` of one lane, `trades` of two, `dead` of one. */
export class QueueContext {
  harness!: QueueHarness;

  constructor(private readonly factory: QueueFactory) {}

  async open(): Promise<void> {
    this.harness = await this.factory.open();
    await this.harness.log.createTopic('orders', 1, FOREVER);
    await this.harness.log.createTopic('trades', 2, FOREVER);
    await this.harness.log.createTopic('dead', 1, FOREVER);
  }

  subscribe(options: Partial<QueueOptions> = {}, name = 'reports'): Promise<QueueConsumer> {
    return this.harness.queue.subscribe(name, optionsWith(options));
  }

  /** Appends one event per id; `AAPL:7` has the routing key `AAPL`. */
  async publish(topic: string, partition: number, ...eventIds: string[]): Promise<void> {
    const records = eventIds.map((eventId) => anEvent({ eventId, routingKey: eventId.split(':')[0] }));
    await this.harness.log.append([{ topic, partition, records }]);
  }
}

export const optionsWith = (options: Partial<QueueOptions>): QueueOptions => ({
  topics: ['orders'],
  type: 'shared',
  start: 'earliest',
  ackTimeoutMs: 10_000,
  maxAttempts: 5,
  maxUnacked: 100,
  ...options,
});

/** Exactly `count` deliveries, however many calls that takes. */
export async function receive(consumer: QueueConsumer, count: number): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  while (deliveries.length < count) {
    const some = await consumer.receive(count - deliveries.length, AbortSignal.timeout(5000));
    if (some.length === 0) throw new Error(`only ${deliveries.length} of ${count} deliveries came`);
    deliveries.push(...some);
  }
  return deliveries;
}

/** Rejects if something comes within a moment. */
export async function receiveNothing(consumer: QueueConsumer): Promise<void> {
  const some = await consumer.receive(100, AbortSignal.timeout(50));
  if (some.length > 0) throw new Error(`did not expect ${idsOf(some).join()}`);
}

export const idsOf = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ event }) => event.eventId);

export const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}:${index + 1}`);
