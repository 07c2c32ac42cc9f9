import { anEvent, until } from '@distributary/distribution-core/testing';
import type { Delivery, QueueConsumer, QueueOptions } from '@distributary/distribution-core';
import { startPulsar, type TestServer } from '../../../../tools/stack/src/index.js';
import { aPulsarLog, type PulsarHarness, systemClock as clock } from '../testing/pulsar-harness.js';
import { PulsarQueue } from './pulsar-queue.js';

const FOREVER = { ms: 0, bytes: 0 };
const KEYS = Array.from({ length: 12 }, (_, index) => `key${index}`);

let pulsar: TestServer;
let harness: PulsarHarness;
const queues: PulsarQueue[] = [];

beforeAll(async () => {
  pulsar = await startPulsar();
  harness = await aPulsarLog(pulsar.url, { timeoutMs: 60_000 });
}, 180_000);

afterAll(async () => {
  await Promise.all(queues.map((queue) => queue.close()));
  await harness?.dispose();
  await pulsar?.stop('SIGKILL');
}, 60_000);

const options = (topic: string, type: QueueOptions['type']): QueueOptions => ({
  topics: [topic],
  type,
  start: 'earliest',
  ackTimeoutMs: 30_000,
  maxAttempts: 10,
  maxUnacked: 20,
});

/** A consumer of a process of its own, as far as Pulsar can tell: nothing is in common but the name. */
class Process {
  readonly seen: string[] = [];
  private isHolding = false;
  private readonly held: Delivery[] = [];
  private readonly abort = new AbortController();
  private working: Promise<void> = Promise.resolve();

  private constructor(
    readonly queue: PulsarQueue,
    private readonly consumer: QueueConsumer,
  ) {}

  static async join(topic: string, type: QueueOptions['type']): Promise<Process> {
    const queue = new PulsarQueue({ log: await harness.another(), clock });
    queues.push(queue);
    const joined = new Process(queue, await queue.subscribe('readers', options(topic, type)));
    joined.working = joined.work();
    return joined;
  }

  /** From now on it acknowledges nothing. */
  hold(): void {
    this.isHolding = true;
  }

  /** Its sockets are closed; what it held was not acknowledged. */
  async die(): Promise<readonly string[]> {
    this.abort.abort();
    await this.working;
    await this.queue.close();
    return this.held.map(({ event }) => event.eventId);
  }

  private async work(): Promise<void> {
    for (;;) {
      const deliveries = await this.consumer.receive(5, this.abort.signal);
      if (deliveries.length === 0) return;
      if (this.isHolding) this.held.push(...deliveries);
      else {
        this.seen.push(...deliveries.map(({ event }) => event.eventId));
        await this.consumer.ack(deliveries);
      }
    }
  }
}

const publish = (topic: string, partition: number, eventIds: readonly string[]) =>
  harness.log.append([
    {
      topic,
      partition,
      records: eventIds.map((eventId) => anEvent({ eventId, routingKey: eventId.split(':')[0] })),
    },
  ]);

const rounds = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, round) =>
    KEYS.map((key) => `${key}:${String(from + round).padStart(3, '0')}`),
  ).flat();

describe('processes that compete for a subscription', () => {
  it('of the type shared get each event once, all of them some', async () => {
    await harness.log.createTopic('spread', 2, FOREVER);
    const processes = [await Process.join('spread', 'shared'), await Process.join('spread', 'shared')];
    await publish('spread', 0, rounds(0, 20));
    await publish('spread', 1, rounds(20, 40));
    await until('all of them', () => processes[0].seen.length + processes[1].seen.length >= 480, 30_000);
    expect(processes.flatMap(({ seen }) => seen).sort()).toEqual(rounds(0, 40).sort());
    for (const { seen } of processes) expect(seen.length).toBeGreaterThan(0);
    for (const each of processes) await each.die();
  }, 90_000);

  it('of the type key_shared keep the order of each key, through the death of one', async () => {
    await harness.log.createTopic('by-key', 1, FOREVER);
    const [one, other] = [await Process.join('by-key', 'key_shared'), await Process.join('by-key', 'key_shared')];
    await publish('by-key', 0, rounds(0, 20));
    await until('the first of them', () => one.seen.length + other.seen.length >= 240, 30_000);
    const keysOf = ({ seen }: Process) => new Set(seen.map((id) => id.split(':')[0]));
    expect([...keysOf(one)].filter((key) => keysOf(other).has(key))).toEqual([]);
    expect(keysOf(one).size).toBeGreaterThan(0);

    one.hold();
    await publish('by-key', 0, rounds(20, 40));
    await until('what the other has', () => other.seen.length >= 40 * keysOf(other).size, 30_000);
    const held = await one.die();
    expect(held.length).toBeGreaterThan(0);
    await until('what the first one had', () => one.seen.length + other.seen.length >= 480, 30_000);
    for (const key of KEYS) {
      const seen = [...one.seen, ...other.seen].filter((id) => id.startsWith(`${key}:`));
      expect(seen).toEqual(rounds(0, 40).filter((id) => id.startsWith(`${key}:`)));
    }
    await other.die();
  }, 90_000);

  it('go on after Pulsar was restarted, and nothing unacknowledged is lost', async () => {
    await harness.log.createTopic('restarted', 1, FOREVER);
    const one = await Process.join('restarted', 'shared');
    await publish('restarted', 0, rounds(0, 10));
    await until('some', () => one.seen.length >= 120, 30_000);
    await pulsar.kill();
    await pulsar.restart();
    await publish('restarted', 0, rounds(10, 20));
    // What was acknowledged in the last second before may come again.
    await until('all', () => new Set(one.seen).size >= 240, 60_000);
    await one.die();
  }, 180_000);
});
