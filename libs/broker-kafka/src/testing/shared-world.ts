import { type Delivery, LogQueue, type QueueConsumer, type QueueOptions } from '@distributary/distribution-core';
import { anEvent, FakeClock, InMemoryLog, until } from '@distributary/distribution-core/testing';
import { FakeGroupBroker } from './fake-group-broker.js';
import { FakeGroups, partitionsIn } from './fake-groups.js';

export const TIMES = { sessionTimeoutMs: 8_000, revokeWaitMs: 5_000 };

/** A process that takes part in subscriptions. */
export interface SharingProcess {
  readonly queue: LogQueue;
  /** As if it were stopped and went on; while it is, the test must not let it do anything. */
  hold(isHeldUp: boolean): void;
}

/** Several processes on one broker, with a clock that is turned by hand. */
export async function aSharedWorld(lanes = 4) {
  const clock = new FakeClock();
  const log: InMemoryLog = new InMemoryLog({ clock, isMember: (group, member) => broker.isMember(group, member) });
  const broker = new FakeGroupBroker(clock, TIMES, partitionsIn(log));
  await log.createTopic('orders', lanes, { ms: 0, bytes: 0 });
  const processes: LogQueue[] = [];
  const aProcess = (): SharingProcess => {
    const groups = new FakeGroups(broker, clock, TIMES);
    const queue = new LogQueue({ log, clock, groups });
    processes.push(queue);
    return { queue, hold: (isHeldUp) => groups.hold(isHeldUp) };
  };
  /** Turns the clock until it came about. */
  const pass = (what: string, condition: () => boolean | Promise<boolean>, stepMs = 100) =>
    until(what, async () => {
      clock.advance(stepMs);
      return condition();
    });
  /** What comes to it within a while. */
  const drain = async (consumer: QueueConsumer, into: Delivery[], max = 1_000): Promise<void> => {
    const abort = new AbortController();
    const receiving = consumer.receive(max, abort.signal);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    into.push(...(await receiving));
  };
  /** Turns the clock until it is settled, and gives what came of it. */
  const settled = async <T>(what: string, promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const settle = () => void (isSettled = true);
    promise.then(settle, settle);
    await pass(what, () => isSettled);
    return promise;
  };
  /** A consumer of it, once the others have made room. */
  const subscribe = ({ queue }: SharingProcess, options: QueueOptions = sharedOptions()): Promise<QueueConsumer> =>
    settled('it has joined', queue.subscribe('reports', options));
  return {
    subscribe,
    settled,
    clock,
    log,
    broker,
    aProcess,
    pass,
    drain,
    publish: (partition: number, ...eventIds: string[]) =>
      log.append([
        {
          topic: 'orders',
          partition,
          records: eventIds.map((eventId) => anEvent({ eventId, routingKey: eventId.split(':')[0] })),
        },
      ]),
    committed: async () => {
      const positions = await log.committed('queue:reports');
      return new Map(positions.map(({ partition, position }) => [partition, position]));
    },
    dispose: async () => {
      await settled('all have closed', Promise.all(processes.map((queue) => queue.close())));
      await log.close();
    },
  };
}

export const sharedOptions = (more: Partial<QueueOptions> = {}): QueueOptions => ({
  topics: ['orders'],
  type: 'key_shared',
  start: 'earliest',
  ackTimeoutMs: 60_000,
  maxAttempts: 5,
  maxUnacked: 1_000,
  ...more,
});

export const lanesOf = (deliveries: readonly Delivery[]): number[] =>
  [...new Set(deliveries.map(({ at }) => at.partition))].sort();
export const idsOf = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ event }) => event.eventId);
