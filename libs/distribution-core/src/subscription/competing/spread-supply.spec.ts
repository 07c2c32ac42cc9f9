import type { DistributionError } from '../../errors/distribution-error.js';
import type { Delivery } from '../../ports/queue.port.js';
import type { LanePosition } from '../../position.js';
import { aTopic, anEvent } from '../../testing/builders.js';
import { aCompetingProcess } from '../../testing/competing.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryCompetingSource } from '../../testing/in-memory-competing-source.js';
import { InMemoryCursorStore } from '../../testing/in-memory-cursor-store.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { InMemorySubscriptionStore } from '../../testing/in-memory-subscription-store.js';
import { settle } from '../../testing/settle.js';
import { LiveReaders } from '../live-readers.js';
import { DEFAULT_STREAM_SESSION_LIMITS } from '../stream-session-dependencies.js';
import type { Start } from '../start.js';
import type { DurableSubscription } from '../subscription.js';
import type { CompetingSubscriptions } from './competing-subscriptions.js';
import type { Seat } from './competing-subscription.js';

const SUBSCRIPTION: DurableSubscription = {
  subscriptionId: 'billing',
  tenant: 'default',
  subscriberService: 'billing',
  type: 'shared',
  deliveryGuarantee: 'at_least_once',
  slowPolicy: 'block',
  status: 'active',
  createdAtMicros: 36_000,
  topicPatterns: ['orders/#'],
  keyPatterns: ['a', 'b', 'c', 'd'],
  filter: undefined,
};
const EARLIEST: Start = { at: 'earliest' };

interface Process {
  readonly competing: CompetingSubscriptions;
  readonly live: LiveReaders;
}

/** A session that takes what it is given until it is full. */
class Sitting {
  readonly got: Delivery[] = [];
  readonly lost: DistributionError[] = [];
  seat: Seat | undefined;
  private readonly abort = new AbortController();

  get ids(): string[] {
    return this.got.map(({ event }) => event.eventId);
  }

  take(most = Infinity): void {
    const again = async (): Promise<void> => {
      const deliveries = (await this.seat?.receive(Math.min(100, most - this.got.length), this.abort.signal)) ?? [];
      this.got.push(...deliveries);
      if (deliveries.length > 0 && this.got.length < most) await again();
    };
    void again();
  }

  async leave(): Promise<void> {
    this.abort.abort();
    await this.seat?.leave();
  }
}

class World {
  readonly clock = new FakeClock();
  readonly log = new InMemoryLog({ clock: this.clock });
  readonly source = new InMemoryCompetingSource(this.log);
  readonly cursors = new InMemoryCursorStore({ clock: this.clock });
  readonly subscriptions = new InMemorySubscriptionStore();
  readonly processes: Process[] = [];

  async open(subscription = SUBSCRIPTION): Promise<this> {
    await this.log.createTopic('orders/new', 1, { ms: 0, bytes: 0 });
    await this.subscriptions.create(subscription);
    return this;
  }

  async process(): Promise<Process> {
    const { log, cursors, clock, subscriptions, source } = this;
    const onError = (error: unknown) => {
      throw error;
    };
    const live = new LiveReaders({ subscriptions, clock, onError });
    live.start();
    const spreading = { source, subscriptions, live };
    const ownerId = `process-${this.processes.length}`;
    const competing = aCompetingProcess({ log, cursors, clock }, { ownerId, spreading });
    await competing.setTopics([aTopic('orders/new')]);
    this.processes.push({ competing, live });
    return { competing, live };
  }

  async sit({ competing }: Process, start = EARLIEST, subscription = SUBSCRIPTION): Promise<Sitting> {
    const sitting = new Sitting();
    const nothing = () => undefined;
    const onLost = (reason: DistributionError) => void sitting.lost.push(reason);
    sitting.seat = await competing.join(subscription, start, { onSuspended: nothing, onResumed: nothing, onLost });
    return sitting;
  }

  async publish(...ids: string[]): Promise<void> {
    const records = ids.map((eventId) => anEvent({ eventId, routingKey: eventId[0] }));
    await this.log.append([{ topic: 'orders/new', partition: 0, records }]);
    await this.flow();
  }

  async flow(): Promise<void> {
    await settle(this.clock);
    await this.source.flow();
    await settle(this.clock);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      this.clock.advance(250);
      await settle(this.clock, 3);
    }
    await this.flow();
  }

  async close(): Promise<void> {
    for (const { competing, live } of this.processes) {
      live.stop();
      const closed = competing.close();
      await settle(this.clock);
      await closed;
    }
    await this.log.close();
    expect(this.clock.pendingAlarms).toBe(0);
  }
}

describe('a subscription that the broker spreads over processes', () => {
  it('is received in several, each event in one of them, and what is not selected in none', async () => {
    const world = await new World().open();
    const sittings = [await world.sit(await world.process()), await world.sit(await world.process())];
    for (const sitting of sittings) sitting.take();
    await world.publish('a1', 'x1', 'b1', 'a2', 'x2', 'c1', 'd1');
    for (const { ids } of sittings) expect(ids.length).toBeGreaterThan(0);
    expect(sittings.flatMap(({ ids }) => ids).sort()).toEqual(['a1', 'a2', 'b1', 'c1', 'd1']);
    for (const { seat, got } of sittings) seat?.ack(got);
    const later = await world.sit(await world.process());
    later.take();
    for (const sitting of sittings) await sitting.leave();
    await world.flow();
    expect(later.ids).toEqual([]);
    await world.close();
  });

  it('gives what a process had and did not acknowledge to another', async () => {
    const world = await new World().open();
    const [one, other] = [await world.sit(await world.process()), await world.sit(await world.process())];
    one.take();
    other.take();
    await world.publish('a1', 'b1', 'c1', 'd1');
    other.seat?.ack(other.got);
    const missed = one.ids;
    expect(missed).toHaveLength(2);
    await one.leave();
    await world.flow();
    expect(other.ids.slice(2)).toEqual(missed);
    expect(other.got.map(({ attempt }) => attempt)).toEqual([1, 1, 2, 2]);
    await world.close();
  });

  it('gives out again what is refused, and drops it when that was too often', async () => {
    const world = await new World().open();
    const twice = { ...SUBSCRIPTION, delivery: { maxAttempts: 2 } };
    const sitting = await world.sit(await world.process(), EARLIEST, twice);
    sitting.take();
    await world.publish('a1');
    for (const attempts of [[1], [1, 2]]) {
      expect(sitting.got.map(({ attempt }) => attempt)).toEqual(attempts);
      sitting.seat?.nack(sitting.got.slice(-1), 1);
      await world.pass(250);
    }
    await world.publish('b1');
    expect(sitting.ids).toEqual(['a1', 'a1', 'b1']);
    sitting.seat?.ack(sitting.got.slice(-1));
    await sitting.leave();
    const next = await world.sit(await world.process());
    next.take();
    await world.flow();
    expect(next.ids).toEqual([]);
    await world.close();
  });

  it.each([
    [
      'its cursor',
      (at: LanePosition): Start => ({ at: 'cursor', cursor: { catalogVersion: 1, positions: [at] } }),
      ['b1', 'c1'],
    ],
    ['its first event', (): Start => EARLIEST, ['a1', 'b1', 'c1']],
    ['what comes next', (): Start => ({ at: 'latest' }), ['c1']],
  ])('begins with %s', async (_, startOf, expected) => {
    const world = await new World().open();
    await world.publish('a1', 'b1');
    const [batch] = await world.log.read({ topic: 'orders/new', partition: 0, after: '' }, 1_000_000);
    const sitting = await world.sit(await world.process(), startOf({ ...batch.lane, position: batch.positions.at(0) }));
    sitting.take();
    await world.publish('c1');
    expect(sitting.ids).toEqual(expected);
    await world.close();
  });

  it('begins where its stored positions are', async () => {
    const world = await new World().open();
    await world.publish('a1', 'b1');
    const [batch] = await world.log.read({ topic: 'orders/new', partition: 0, after: '' }, 1_000_000);
    await world.cursors.place('billing', [{ ...batch.lane, position: batch.positions.at(0) }]);
    const sitting = await world.sit(await world.process(), { at: 'latest' });
    sitting.take();
    await world.flow();
    expect(sitting.ids).toEqual(['b1']);
    await world.close();
  });

  it('has new topics from their first event on, and lets go of those that are gone', async () => {
    const world = await new World().open();
    const process = await world.process();
    const sitting = await world.sit(process);
    sitting.take();
    await world.log.createTopic('orders/old', 1, { ms: 0, bytes: 0 });
    await world.log.append([
      { topic: 'orders/old', partition: 0, records: [anEvent({ eventId: 'a0', routingKey: 'a' })] },
    ]);
    await process.competing.setTopics([aTopic('orders/old', { catalogVersion: 2 })]);
    await world.publish('b1');
    expect(sitting.ids).toEqual(['a0']);
    await world.close();
  });

  it('is kept by one process, which writes down how far it is; when that ends, by another', async () => {
    const world = await new World().open();
    const [one, other] = [await world.process(), await world.process()];
    const [first, second] = [await world.sit(one), await world.sit(other)];
    for (const sitting of [first, second]) sitting.take();
    await world.publish('a1', 'b1');
    for (const { seat, got } of [first, second]) seat?.ack(got);
    await world.pass(6_000);
    expect((await world.cursors.standing('billing')).ownerId).toBe('process-0');
    const [{ last }] = await world.log.ends('orders/new');
    expect(await world.cursors.load('billing')).toMatchObject([{ topic: 'orders/new', position: last }]);
    await first.leave();
    await world.pass(2_000);
    expect((await world.cursors.standing('billing')).ownerId).toBe('process-1');
    await world.close();
    expect((await world.cursors.standing('billing')).ownerId).toBeUndefined();
  });

  it('ends for its sessions when it is paused, in whichever process', async () => {
    const world = await new World().open();
    const sittings = [await world.sit(await world.process()), await world.sit(await world.process())];
    await world.pass(1_000);
    await world.subscriptions.change('billing', { status: 'paused' });
    await world.pass(1_500);
    for (const { lost } of sittings) expect(lost.map(({ code }) => code)).toEqual(['subscription.paused']);
    expect(world.source.names).toEqual(['billing.10']);
    await expect(world.sit(world.processes[0])).rejects.toMatchObject({ code: 'subscription.paused' });
    await world.close();
  });

  it('ends for its sessions when it is deleted, at the broker too; one of the same name is another one', async () => {
    const world = await new World().open();
    const process = await world.process();
    const sitting = await world.sit(process);
    await world.subscriptions.delete('billing');
    await world.pass(1_500);
    expect(sitting.lost.map(({ code }) => code)).toEqual(['subscription.not_found']);
    expect(world.source.names).toEqual([]);
    const again = { ...SUBSCRIPTION, createdAtMicros: 72_000 };
    await world.subscriptions.create(again);
    await world.sit(process, EARLIEST, again);
    expect(world.source.names).toEqual(['billing.20']);
    await world.close();
  });

  it('goes on elsewhere when no session of a process takes what that was given, and comes back when one asks', async () => {
    const world = await new World().open();
    const [idle, busy] = [await world.sit(await world.process()), await world.sit(await world.process())];
    busy.take();
    await world.publish('a1', 'b1', 'c1', 'd1');
    expect(busy.ids).toHaveLength(2);
    busy.seat?.ack(busy.got);
    await world.pass(DEFAULT_STREAM_SESSION_LIMITS.ackTimeoutMs + 2_000);
    expect(busy.ids.sort()).toEqual(['a1', 'b1', 'c1', 'd1']);
    busy.seat?.ack(busy.got);
    idle.take();
    await world.pass(2_000);
    await world.publish('a2', 'b2', 'c2', 'd2');
    expect(idle.ids).toHaveLength(2);
    await world.close();
  });
});
