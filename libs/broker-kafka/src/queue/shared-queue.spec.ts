import type { Delivery, DistributionError, QueueConsumer } from '@distributary/distribution-core';
import { aSharedWorld, idsOf, lanesOf, sharedOptions, TIMES } from '../testing/shared-world.js';

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: DistributionError) => error.code,
  );

describe('processes that share a subscription', () => {
  let world: Awaited<ReturnType<typeof aSharedWorld>>;
  beforeEach(async () => {
    world = await aSharedWorld();
  });
  afterEach(() => world.dispose());

  /** One of each of two processes, each with two lanes. */
  async function aPair(first = world.aProcess(), second = world.aProcess()) {
    const one = await world.subscribe(first);
    const two = await world.subscribe(second);
    await world.pass('both have joined', () => world.broker.generation('queue:reports') >= 3);
    return { first, second, one, two };
  }

  const publishToAll = (round: number) =>
    Promise.all([0, 1, 2, 3].map((lane) => world.publish(lane, `k${lane}:${round}`)));

  it('have different lanes, all of them together', async () => {
    const { one, two } = await aPair();
    await publishToAll(1);
    const [first, second]: Delivery[][] = [[], []];
    await world.pass('all came', async () => {
      await world.drain(one, first);
      await world.drain(two, second);
      return first.length + second.length >= 4;
    });
    expect(lanesOf(first)).toHaveLength(2);
    expect(lanesOf(second)).toHaveLength(2);
    expect(new Set([...lanesOf(first), ...lanesOf(second)]).size).toBe(4);
  });

  it('wait with a lane until what is in flight of it is acknowledged, while the others go on', async () => {
    const process = world.aProcess();
    const one = await world.subscribe(process);
    await publishToAll(1);
    const held: Delivery[] = [];
    await world.drain(one, held);
    expect(held).toHaveLength(4);
    const two = await world.subscribe(world.aProcess());
    await world.pass('it is asked for lanes', () => world.broker.generation('queue:reports') >= 2);
    await publishToAll(2);
    const [more, others]: Delivery[][] = [[], []];
    await world.pass('the lanes that stay go on', async () => {
      await world.drain(one, more);
      await world.drain(two, others);
      return more.length === 2;
    });
    expect(others).toEqual([]);
    await one.ack(held);
    await world.pass('the others have moved', async () => {
      await world.drain(two, others);
      return others.length === 2;
    });
    // What was acknowledged on the way out is not delivered again.
    expect(idsOf(others).every((id) => id.endsWith(':2'))).toBe(true);
    expect(lanesOf(more).some((lane) => lanesOf(others).includes(lane))).toBe(false);
  });

  it('give a lane on without an acknowledgement when the time for it is over', async () => {
    const one = await world.subscribe(world.aProcess());
    await publishToAll(1);
    const held: Delivery[] = [];
    await world.drain(one, held);
    const startMs = world.clock.monotonicMs();
    const two = await world.subscribe(world.aProcess());
    const others: Delivery[] = [];
    await world.pass('they have moved', async () => {
      await world.drain(two, others);
      return others.length === 2;
    });
    expect(world.clock.monotonicMs() - startMs).toBeLessThan(10_000);
    expect(world.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(TIMES.revokeWaitMs);
    // Too late: they are with the other one.
    const moved = held.filter(({ at }) => lanesOf(others).includes(at.partition));
    expect(await codeOf(one.ack(moved))).toBe('generation.stale');
    const kept = held.filter(({ at }) => !lanesOf(others).includes(at.partition));
    expect(await codeOf(one.ack(kept))).toBe('no error');
  });

  it('come back at once when the broker forgets them while they give lanes up, and ask it no more than that takes', async () => {
    const one = await world.subscribe(world.aProcess());
    await publishToAll(1);
    const held: Delivery[] = [];
    await world.drain(one, held);
    const two = await world.subscribe(world.aProcess());
    await world.pass('it is asked for lanes', () => world.broker.generation('queue:reports') >= 2);
    const forgottenMs = world.clock.monotonicMs();
    world.broker.forgetOldest('queue:reports');
    await world.pass('it is back', () => world.broker.members('queue:reports') === 2);
    expect(world.clock.monotonicMs() - forgottenMs).toBeLessThan(TIMES.revokeWaitMs / 2);
    expect(world.broker.strangers).toBe(1);
    const all: Delivery[] = [];
    await world.pass('all came again', async () => {
      await world.drain(one, all);
      await world.drain(two, all);
      return lanesOf(all).length === 4;
    });
  });

  it('take over the lanes of a process that is stopped, which cannot acknowledge when it wakes', async () => {
    const { first, one, two } = await aPair();
    await publishToAll(1);
    const held: Delivery[] = [];
    await world.drain(one, held);
    expect(held).toHaveLength(2);
    first.hold(true);
    const stoppedMs = world.clock.monotonicMs();
    const others: Delivery[] = [];
    await world.pass('all are with the other', async () => {
      await world.drain(two, others);
      return lanesOf(others).length === 4;
    });
    expect(world.clock.monotonicMs() - stoppedMs).toBeLessThan(10_000);
    await two.ack(others);
    const before = await world.committed();
    const acknowledging = codeOf(one.ack(held));
    first.hold(false);
    expect(await world.settled('it is told', acknowledging)).toBe('generation.stale');
    expect(await world.committed()).toEqual(before);
    // It comes back, and is given lanes again.
    await publishToAll(2);
    const again: Delivery[] = [];
    await world.pass('it has lanes again', async () => {
      await publishToAll(3);
      await world.drain(one, again);
      return lanesOf(again).length === 2;
    });
  });

  it('store what is acknowledged while the group changes', async () => {
    const { one, two } = await aPair();
    await publishToAll(1);
    const [first, second]: Delivery[][] = [[], []];
    await world.drain(one, first);
    await world.drain(two, second);
    const third = world.aProcess().queue.subscribe('reports', sharedOptions());
    await Promise.all([one.ack(first), two.ack(second), world.settled('it has joined', third)]);
    const consumer = await third;
    await publishToAll(2);
    const rest: Delivery[] = [];
    await world.pass('everything of the second round came', async () => {
      for (const each of [one, two, consumer]) await world.drain(each, rest);
      return rest.length >= 4;
    });
    expect(idsOf(rest).every((id) => id.endsWith(':2'))).toBe(true);
  });

  it('pause while the broker is away, and go on with the same lanes and nothing twice', async () => {
    const { one, two } = await aPair();
    world.broker.isAway = true;
    world.clock.advance(1_000);
    await world.pass('they have noticed', () => true);
    for (let step = 0; step < 10; step++) await world.pass('time goes by', () => true);
    await publishToAll(1);
    const all: Delivery[] = [];
    for (const each of [one, two]) await world.drain(each, all);
    const generation = world.broker.generation('queue:reports');
    world.broker.isAway = false;
    await world.pass('all came', async () => {
      for (const each of [one, two]) await world.drain(each, all);
      return all.length >= 4;
    });
    expect(all).toHaveLength(4);
    expect(world.broker.generation('queue:reports')).toBe(generation);
  });

  it('are refused if there is one that wants to be alone, until it has left', async () => {
    const exclusive = sharedOptions({ type: 'exclusive' });
    const first = await world.subscribe(world.aProcess(), exclusive);
    const other = world.aProcess();
    const refused = codeOf(other.queue.subscribe('reports', exclusive));
    expect(await world.settled('the answer', refused)).toBe('subscription.taken');
    await publishToAll(1);
    const held: Delivery[] = [];
    await world.pass('all lanes are with the first', async () => {
      await world.drain(first, held);
      return held.length === 4;
    });
    await first.ack(held.slice(0, 2));
    const leaving = first.close();
    await world.settled('it has left', leaving);
    const second = await world.subscribe(other, exclusive);
    const rest: Delivery[] = [];
    await world.drain(second, rest);
    expect(idsOf(rest).sort()).toEqual(idsOf(held.slice(2)).sort());
  });

  it('are refused if they want something else than those who are there', async () => {
    await world.subscribe(world.aProcess());
    const refused = codeOf(world.aProcess().queue.subscribe('reports', sharedOptions({ maxAttempts: 1 })));
    expect(await world.settled('the answer', refused)).toBe('request.invalid');
  });

  it('take over from one another, in order, where one receives all', async () => {
    const failover = sharedOptions({ type: 'failover' });
    const [first, second] = [world.aProcess(), world.aProcess()];
    const one = await world.subscribe(first, failover);
    const two = await world.subscribe(second, failover);
    await publishToAll(1);
    await publishToAll(2);
    const [held, others]: Delivery[][] = [[], []];
    await world.drain(one, held);
    await world.drain(two, others);
    expect([held.length, others.length]).toEqual([8, 0]);
    await one.ack(held.slice(0, 3));
    first.hold(true);
    await world.pass('the next one has taken over', async () => {
      await world.drain(two, others);
      return others.length >= 5;
    });
    const missing = idsOf(held.slice(3)).filter((id) => !idsOf(others).includes(id));
    expect(missing).toEqual([]);
    for (const key of ['k0', 'k1', 'k2', 'k3']) {
      const rounds = idsOf(others).filter((id) => id.startsWith(key));
      expect(rounds).toEqual([...rounds].sort());
    }
    first.hold(false);
  });

  it('get nothing, and hold nobody up, when there are more of them than lanes', async () => {
    const processes = Array.from({ length: 5 }, () => world.aProcess());
    const consumers: QueueConsumer[] = [];
    for (const process of processes) consumers.push(await world.subscribe(process));
    const received: Delivery[][] = consumers.map(() => []);
    await world.pass('each lane is with one', async () => {
      await publishToAll(1);
      for (const [index, consumer] of consumers.entries()) await world.drain(consumer, received[index]);
      return received.filter((one) => lanesOf(one.slice(-1)).length > 0).length === 4;
    });
    expect(received.filter((one) => one.length === 0)).toHaveLength(1);
  });
});
