import fc from 'fast-check';
import type { Delivery, QueueConsumer, QueueOptions, SubscriptionType } from '../../ports/queue.port.js';
import { anEvent } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { settle } from '../../testing/settle.js';
import { LogQueue } from './log-queue.js';

type Step =
  | { readonly kind: 'publish'; readonly keys: readonly string[] }
  | { readonly kind: 'join' }
  | { readonly kind: 'leave' | 'ack' | 'nack'; readonly which: number }
  | { readonly kind: 'receive'; readonly which: number; readonly max: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'restart' };

const which = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      keys: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'join' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('receive' as const), which, max: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('ack' as const, 'nack' as const, 'leave' as const), which }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 1500 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

/** A subscription under the hands of fate, and what is true of it at every moment. */
class Run {
  private readonly clock = new FakeClock();
  private readonly log = new InMemoryLog({ clock: this.clock });
  private queue = new LogQueue({ log: this.log, clock: this.clock });
  private consumers: { consumer: QueueConsumer; held: Delivery[] }[] = [];
  private published = 0;
  private readonly finished = new Set<string>();
  private readonly firstDeliveries: string[] = [];

  constructor(private readonly type: SubscriptionType) {}

  async play(steps: readonly Step[]): Promise<void> {
    await this.log.createTopic('orders', 1, { ms: 0, bytes: 0 });
    for (const each of steps) {
      await this.step(each);
      await settle(this.clock);
    }
    await this.drain();
    await this.queue.close();
    await this.log.close();
  }

  private async step(step: Step): Promise<void> {
    if (step.kind === 'publish') return this.publish(step.keys);
    if (step.kind === 'join') return this.join();
    if (step.kind === 'pass') return this.clock.advance(step.ms);
    if (step.kind === 'restart') return this.restart();
    const one = this.consumers[step.which % Math.max(1, this.consumers.length)];
    if (one === undefined) return;
    if (step.kind === 'receive') await this.receive(one, step.max);
    else if (step.kind === 'nack') await one.consumer.nack(one.held.splice(0, 1));
    else if (step.kind === 'ack') await this.ack(one, one.held.splice(0, 2));
    else {
      this.consumers = this.consumers.filter((other) => other !== one);
      await one.consumer.close();
    }
  }

  private async publish(keys: readonly string[]): Promise<void> {
    const records = keys.map((key) => anEvent({ eventId: `${key}:${++this.published}`, routingKey: key }));
    await this.log.append([{ topic: 'orders', partition: 0, records }]);
  }

  private async join(): Promise<void> {
    if (this.type === 'exclusive' && this.consumers.length > 0) return;
    this.consumers.push({ consumer: await this.queue.subscribe('reports', this.options), held: [] });
  }

  private async restart(): Promise<void> {
    await this.queue.close();
    this.consumers = [];
    this.queue = new LogQueue({ log: this.log, clock: this.clock });
    await this.join();
  }

  private async receive(one: Run['consumers'][number], max: number): Promise<void> {
    const abort = new AbortController();
    const receiving = one.consumer.receive(max, abort.signal);
    await settle(this.clock);
    abort.abort();
    for (const delivery of await receiving) {
      const { eventId } = delivery.event;
      if (!this.firstDeliveries.includes(eventId)) this.firstDeliveries.push(eventId);
      one.held.push(delivery);
    }
  }

  private async ack(one: Run['consumers'][number], deliveries: readonly Delivery[]): Promise<void> {
    await one.consumer.ack(deliveries);
    for (const { event } of deliveries) this.finished.add(event.eventId);
  }

  private async drain(): Promise<void> {
    if (this.consumers.length === 0) await this.join();
    this.clock.advance(5000);
    for (let round = 0; round < 200 && this.finished.size < this.published; round++) {
      for (const one of this.consumers) {
        one.held.length = 0;
        await this.receive(one, 10);
        await this.ack(one, one.held.splice(0));
      }
    }
    expect(this.finished.size).toBe(this.published);
    for (const order of this.orders()) expect(order).toEqual([...order].sort((a, b) => a - b));
  }

  /** Numbers of events in the order of their first delivery, for each order that the type promises. */
  private orders(): number[][] {
    const numbersOf = (ids: readonly string[]) => ids.map((id) => Number(id.split(':')[1]));
    if (this.type === 'shared') return [];
    if (this.type !== 'key_shared') return [numbersOf(this.firstDeliveries)];
    return ['a', 'b', 'c'].map((key) => numbersOf(this.firstDeliveries.filter((id) => id.startsWith(key))));
  }

  private get options(): QueueOptions {
    return {
      topics: ['orders'],
      type: this.type,
      start: 'earliest',
      ackTimeoutMs: 1000,
      maxAttempts: 1_000_000,
      maxUnacked: 5,
    };
  }
}

describe('LogQueue', () => {
  it.each(['exclusive', 'failover', 'shared', 'key_shared'] as const)(
    'loses nothing of a %s subscription and keeps its order, whatever its consumers do',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => new Run(type).play(steps)),
        { numRuns: 40 },
      );
    },
  );
});
