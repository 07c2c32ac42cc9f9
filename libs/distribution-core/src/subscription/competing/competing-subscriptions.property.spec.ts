import fc from 'fast-check';
import type { Delivery } from '../../ports/queue.port.js';
import { anEvent, aTopic } from '../../testing/builders.js';
import { aCompetingProcess } from '../../testing/competing.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryCursorStore } from '../../testing/in-memory-cursor-store.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { settle } from '../../testing/settle.js';
import type { DurableSubscription } from '../subscription.js';
import type { CompetingSubscriptions } from './competing-subscriptions.js';
import type { Seat } from './competing-subscription.js';

type Step =
  | { readonly kind: 'publish'; readonly keys: readonly string[] }
  | { readonly kind: 'join' | 'leave' | 'ack' | 'nack' | 'stop' | 'wake' | 'crash'; readonly which: number }
  | { readonly kind: 'receive'; readonly which: number; readonly max: number }
  | { readonly kind: 'pass'; readonly ms: number };

const which = fc.nat({ max: 5 });
const of = (...kinds: Extract<Step, { which: number }>['kind'][]) =>
  fc.record({ kind: fc.constantFrom(...kinds), which }) as fc.Arbitrary<Step>;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      keys: fc.array(fc.constantFrom('a', 'b', 'c', 'x'), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 4, arbitrary: of('join', 'leave') },
  {
    weight: 7,
    arbitrary: fc.record({ kind: fc.constant('receive' as const), which, max: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 6, arbitrary: of('ack', 'ack', 'nack') },
  { weight: 2, arbitrary: of('stop', 'wake', 'crash') },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 12_000 }) }) },
);

interface Process {
  /** Stands still while the process is stopped. */
  clock: FakeClock;
  competing: CompetingSubscriptions;
  isStopped: boolean;
}

interface Sitting {
  readonly process: Process;
  readonly seat: Seat;
  readonly held: Delivery[];
  isLost: boolean;
}

/** Two processes, their sessions, and what is true whatever befalls them. Keys with an x are not selected. */
class Run {
  private readonly clock = new FakeClock();
  private readonly log = new InMemoryLog({ clock: this.clock });
  private readonly cursors = new InMemoryCursorStore({ clock: this.clock });
  private readonly processes: Process[] = [];
  private sittings: Sitting[] = [];
  private published = 0;
  private readonly due = new Set<string>();
  private readonly finished = new Set<string>();
  private readonly first: string[] = [];

  constructor(private readonly type: DurableSubscription['type']) {}

  async play(steps: readonly Step[]): Promise<void> {
    await this.log.createTopic('orders', 2, { ms: 0, bytes: 0 });
    for (const index of [0, 1]) this.processes.push(await this.newProcess(index));
    for (const each of steps) {
      await this.step(each);
      await this.settled();
    }
    await this.drain();
    for (const { competing } of this.processes) await competing.close();
    await this.log.close();
  }

  private async newProcess(index: number): Promise<Process> {
    const clock = new FakeClock();
    const { log, cursors } = this;
    const competing = aCompetingProcess({ log, cursors, clock }, { ownerId: `process-${index}-${this.published}` });
    await competing.setTopics([aTopic('orders', { dataType: 'ORDERS', partitions: 2 })]);
    return { clock, competing, isStopped: false };
  }

  private async step(step: Step): Promise<void> {
    if (step.kind === 'publish') return this.publish(step.keys);
    if (step.kind === 'pass') return this.pass(step.ms);
    const process = this.processes[step.which % 2];
    if (step.kind === 'join') return this.join(process);
    if (step.kind === 'stop') return void (process.isStopped = true);
    if (step.kind === 'wake') return this.wake(process);
    if (step.kind === 'crash') return this.crash(step.which % 2);
    const one = this.sittings[step.which % Math.max(1, this.sittings.length)];
    if (one === undefined || one.process.isStopped || one.isLost) return;
    if (step.kind === 'receive') await this.receive(one, step.max);
    else if (step.kind === 'nack') one.seat.nack(one.held.splice(0, 1), undefined);
    else if (step.kind === 'ack') this.ack(one, one.held.splice(0, 2));
    else await this.leave(one);
  }

  private async publish(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const eventId = `${key}:${++this.published}`;
      if (key !== 'x') this.due.add(eventId);
      const records = [anEvent({ eventId, routingKey: key })];
      await this.log.append([{ topic: 'orders', partition: key === 'c' ? 1 : 0, records }]);
    }
  }

  private pass(ms: number): void {
    this.clock.advance(ms);
    for (const { clock, isStopped } of this.processes) if (!isStopped) clock.advance(ms);
  }

  private wake(process: Process): void {
    if (!process.isStopped) return;
    process.isStopped = false;
    process.clock.advance(Math.max(0, this.clock.monotonicMs() - process.clock.monotonicMs()));
  }

  private async crash(index: number): Promise<void> {
    const crashed = this.processes[index];
    crashed.isStopped = true;
    this.sittings = this.sittings.filter(({ process }) => process !== crashed);
    this.processes[index] = await this.newProcess(index);
  }

  private async join(process: Process): Promise<void> {
    if (process.isStopped) return;
    const sitting: { current?: Sitting } = {};
    const seat = await process.competing
      .join(
        this.subscription,
        { at: 'earliest' },
        {
          onSuspended: () => undefined,
          onResumed: () => undefined,
          onLost: () => sitting.current && (sitting.current.isLost = true),
        },
      )
      .catch(() => undefined);
    if (seat === undefined) return;
    sitting.current = { process, seat, held: [], isLost: false };
    this.sittings.push(sitting.current);
  }

  private async leave(one: Sitting): Promise<void> {
    this.sittings = this.sittings.filter((other) => other !== one);
    await one.seat.leave();
  }

  private async receive(one: Sitting, max: number): Promise<void> {
    const abort = new AbortController();
    const receiving = one.seat.receive(max, abort.signal);
    await this.settled();
    abort.abort();
    for (const delivery of await receiving) {
      const id = delivery.batch.eventIds[delivery.index];
      if (!this.first.includes(id)) this.first.push(id);
      one.held.push(delivery);
    }
  }

  private ack(one: Sitting, deliveries: readonly Delivery[]): void {
    one.seat.ack(deliveries);
    for (const { batch, index } of deliveries) this.finished.add(batch.eventIds[index]);
  }

  private async drain(): Promise<void> {
    for (const process of this.processes) this.wake(process);
    for (let round = 0; round < 300 && !this.isComplete; round++) {
      this.pass(1_000);
      await this.settled();
      this.sittings = this.sittings.filter(({ isLost }) => !isLost);
      if (this.sittings.length === 0) await this.join(this.processes[round % 2]);
      for (const one of this.sittings) {
        this.ack(one, one.held.splice(0));
        await this.receive(one, 20);
        this.ack(one, one.held.splice(0));
      }
    }
    expect([...this.due].filter((id) => !this.finished.has(id))).toEqual([]);
    for (const order of this.orders()) expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(this.first.filter((id) => id.startsWith('x'))).toEqual([]);
  }

  private get isComplete(): boolean {
    return [...this.due].every((id) => this.finished.has(id));
  }

  private orders(): number[][] {
    if (this.type === 'shared') return [];
    return ['a', 'b', 'c'].map((key) =>
      this.first.filter((id) => id.startsWith(key)).map((id) => Number(id.split(':')[1])),
    );
  }

  private async settled(): Promise<void> {
    await settle(this.clock, 4);
    for (const { clock, isStopped } of this.processes) if (!isStopped) await settle(clock, 4);
  }

  private get subscription(): DurableSubscription {
    return {
      subscriptionId: 'billing',
      tenant: 'default',
      subscriberService: 'billing',
      type: this.type,
      deliveryGuarantee: 'at_least_once',
      slowPolicy: 'block',
      status: 'active',
      createdAtMicros: 0,
      topicPatterns: ['orders'],
      keyPatterns: ['a', 'b', 'c'],
      filter: undefined,
      delivery: { maxAttempts: 1_000, maxUnacked: 5, ackTimeoutMs: 5_000 },
    };
  }
}

describe('subscriptions that are shared', () => {
  it.each(['shared', 'key_shared'] as const)(
    'of type %s lose nothing between processes that stop, wake too late or are gone, and keep the order of keys',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => new Run(type).play(steps)),
        { numRuns: 40 },
      );
    },
    60_000,
  );
});
