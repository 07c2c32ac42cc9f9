import type { GroupCommit } from '@distributary/distribution-core';
import { noMetrics } from '@distributary/distribution-core';
import { anEvent, FakeClock, until } from '@distributary/distribution-core/testing';
import { connectionLost, KAFKA } from '../kafka.errors.js';
import { FakeCluster, fakeParts, type ProducedBatch, produced, takingBroker } from '../testing/fake-cluster.js';
import { GroupPositions } from '../topics/group-positions.js';
import { KafkaNames } from '../topics/topic-names.js';
import { AppendQueue } from './append-queue.js';
import { Transactions } from './transactions.js';

/** No multiple of what a request may take: something is under way when the time is over. */
const TIMEOUT_MS = 12_000;
/** For so long a request is waited for that nobody answers. */
const REQUEST_TIMEOUT_MS = 5_000;
/** The clock of the tests goes on by steps; in each there is time for some answers. */
const STEP_MS = 50;
const TURNS_A_STEP = 10;
const LONGEST_MS = 600_000;
/** Of who looks at deadlines now and then, in steps of the clock. */
const LATER_MS = 500;

const INIT = 'init producer';
const PRODUCE = 'produce';
const COMMIT = 'commit positions in a transaction';
const END = 'end a transaction';
const MARK = 'add lanes to a transaction';

const MOVED: GroupCommit = {
  group: 'router',
  positions: [{ topic: 'orders', partition: 0, epoch: 'epoch', position: '15' }],
  member: { memberId: 'me', generation: 3 },
};

/** A cluster of which requests go unanswered for as long as they are named in `silent`. */
function setUp({ slots = 1 } = {}) {
  const clock = new FakeClock();
  const silent = new Set<string>();
  const taken: ProducedBatch[] = [];
  const ends: boolean[] = [];
  let epoch = 0;
  const unanswered = (name: string) =>
    new Promise((_, reject) =>
      clock.after(REQUEST_TIMEOUT_MS, () => reject(connectionLost(name, new Error('silent')))),
    );
  const fake = new FakeCluster().withTopic('orders', 3);
  const answering = (name: string, answer: (request: Buffer) => unknown) =>
    fake.on(name, (request: Buffer) => (silent.has(name) ? unanswered(name) : answer(request)));
  answering(INIT, () => ({ errorCode: KAFKA.none, producerId: 7n, producerEpoch: epoch++ }));
  answering(PRODUCE, takingBroker(taken) as (request: Buffer) => unknown);
  answering(COMMIT, () => [{ name: 'orders', partitions: [{ errorCode: KAFKA.none }] }]);
  answering(MARK, () => [{ name: 'orders', errorCode: KAFKA.none }]);
  answering(END, (request) => {
    // Its last field, before the tags.
    ends.push(request.at(-2) === 1);
    return { errorCode: KAFKA.none, producerId: 7, producerEpoch: epoch++ };
  });

  let timeouts = 0;
  const inFlight: number[] = [];
  const parts = fakeParts(fake, TIMEOUT_MS, clock, {
    ...noMetrics,
    counter: (name) => ({ add: () => void (name === 'broker_append_timeouts_total' && timeouts++) }),
    gauge: (name) => ({ set: (value) => void (name === 'broker_in_flight_bytes' && inFlight.push(value)) }),
  });
  const names = new KafkaNames('');
  let instances = 0;
  const transactions = new Transactions({
    parts,
    names,
    positions: new GroupPositions(fake.cluster, names, parts.retrying, TIMEOUT_MS),
    instance: 'first',
    newInstance: () => `other${++instances}`,
    slots,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    onCommitted: () => undefined,
  });
  const queue = new AppendQueue(parts, transactions, { maxInFlightBytes: 1e9, maxRecordBytes: 1e6 }, parts.metrics);
  /** What comes of an append, and after how long. */
  const append = async (partitions: readonly number[], commit?: GroupCommit) => {
    const startedMs = clock.monotonicMs();
    const appends = partitions.map((partition) => ({ topic: 'orders', partition, records: [anEvent()] }));
    const outcome = await queue.append(appends, commit).then(
      () => 'there',
      (error: { code: string }) => error.code,
    );
    return { outcome, afterMs: clock.monotonicMs() - startedMs };
  };
  /** The clock goes on until it is so. */
  const eventually = async <Result>(what: string, work: Promise<Result>): Promise<Result> => {
    let isOver = false;
    void work.finally(() => (isOver = true));
    for (const endMs = clock.monotonicMs() + LONGEST_MS; !isOver; clock.advance(STEP_MS)) {
      if (clock.monotonicMs() > endMs) throw new Error(`waited ${LONGEST_MS} ms in vain for ${what}`);
      for (let turn = 0; turn < TURNS_A_STEP && !isOver; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    return work;
  };
  const pass = (ms: number) => eventually('a while', new Promise<void>((resolve) => clock.after(ms, resolve)));
  return { clock, silent, fake, taken, ends, append, eventually, pass, queue, inFlight, timeouts: () => timeouts };
}

interface Told {
  readonly outcome: string;
  readonly afterMs: number;
}

function expectTimedOut({ outcome, afterMs }: Told): void {
  expect(outcome).toBe('broker.unavailable');
  // No attempt begins whose pause would last beyond the deadline, and a pause lasts a second at most.
  expect(afterMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 1_000);
  expect(afterMs).toBeLessThanOrEqual(TIMEOUT_MS + LATER_MS);
}

describe('an append that Kafka does not confirm', () => {
  it.each([
    ['in one lane', [0], undefined, [INIT, PRODUCE]],
    ['in several lanes', [0, 1], undefined, [INIT, PRODUCE, END]],
    ['with positions of a group', [0], MOVED, [INIT, PRODUCE, COMMIT, END]],
  ])('%s is told so at its deadline, whichever requests go unanswered', async (_, lanes, commit, requests) => {
    // One kind of requests, or from then on all.
    const silences = requests.flatMap((request, index) => [[request], requests.slice(index)]);
    for (const silence of silences) {
      const { silent, fake, append, eventually, queue, inFlight, timeouts, clock } = setUp();
      for (const name of silence) silent.add(name);
      expectTimedOut(await eventually('an answer', append(lanes, commit)));
      expect(timeouts()).toBe(1);
      const writes = () => fake.asked.filter((name) => name === PRODUCE || name === COMMIT).length;
      const before = writes();
      silent.clear();
      // What was under way comes to an end; nothing is in flight then, and nobody looks any more.
      await eventually('all is over', queue.drained());
      expect(inFlight.at(-1)).toBe(0);
      expect(writes()).toBe(before);
      expect((await eventually('the next one', append(lanes, commit))).outcome).toBe('there');
      clock.advance(2 * TIMEOUT_MS);
      expect(clock.pendingAlarms).toBe(0);
    }
  });

  it('counts as in flight until nothing of it is under way', async () => {
    const { silent, append, eventually, queue, inFlight } = setUp();
    silent.add(PRODUCE);
    await eventually('an answer', append([0, 1]));
    let isDrained = false;
    void queue.drained().then(() => (isDrained = true));
    expect(isDrained).toBe(false);
    expect(inFlight.at(-1)).toBeGreaterThan(0);
    silent.clear();
    await eventually('all is over', queue.drained());
    expect(inFlight.at(-1)).toBe(0);
  });

  it('before anything was asked for at its end is aborted, and never committed', async () => {
    for (const silence of [INIT, PRODUCE, COMMIT]) {
      const { silent, append, eventually, queue, ends } = setUp();
      silent.add(silence);
      expectTimedOut(await eventually('an answer', append([0, 1], MOVED)));
      silent.clear();
      await eventually('all is over', queue.drained());
      expect(ends).not.toContain(true);
      await eventually('the next one', append([0, 1], MOVED));
      expect(ends.filter(Boolean)).toHaveLength(1);
    }
  });

  it('whose end nobody could be asked for in time is aborted, although it was to be committed', async () => {
    const { fake, append, eventually, ends, clock } = setUp();
    let isHidden = false;
    const { coordinator } = FakeCluster.prototype;
    fake.coordinator = () =>
      isHidden
        ? new Promise((resolve) => clock.after(TIMEOUT_MS + LATER_MS, () => resolve(fake.node())))
        : coordinator.call(fake);
    const taking = takingBroker();
    const taken = (request: Buffer) => {
      isHidden = true;
      return taking(request);
    };
    fake.on(PRODUCE, taken, taking);
    expectTimedOut(await eventually('an answer', append([0, 1])));
    isHidden = false;
    await eventually('its end', append([0, 1]));
    expect(ends).toEqual([false, true]);
  });

  it('that was written too late is aborted', async () => {
    const { fake, append, eventually, ends, clock, taken } = setUp();
    const taking = takingBroker(taken);
    const late = (request: Buffer) =>
      new Promise((resolve) => clock.after(TIMEOUT_MS + LATER_MS, () => resolve(taking(request))));
    fake.on(PRODUCE, late, taking);
    expectTimedOut(await eventually('an answer', append([0, 1])));
    await eventually('the next one', append([0, 1]));
    expect(taken).toHaveLength(4);
    expect(ends).toEqual([false, true]);
  });

  it('while it is committed keeps all others from the producer until that is known', async () => {
    const { silent, append, eventually, ends, fake, taken } = setUp();
    silent.add(END);
    const first = eventually('an answer', append([0, 1]));
    expectTimedOut(await first);
    const second = append([0, 1]);
    expectTimedOut(await eventually('an answer', second));
    expect(taken).toHaveLength(2);
    silent.clear();
    expect((await eventually('the next one', append([0, 1]))).outcome).toBe('there');
    // The first one is committed after all, by a mark of its own, and only then does another one begin.
    expect(ends.slice(0, 2)).toEqual([true, true]);
    const settled = fake.asked.lastIndexOf(MARK);
    expect(fake.asked.slice(settled)).toEqual([MARK, END, PRODUCE, END]);
    expect(ends).not.toContain(false);
  });

  it('has as long for its turn as for the rest: it is not written when its turn comes too late', async () => {
    for (const [lanes, others] of [
      [[0], [0]],
      [[0, 1], [0]],
      [
        [0, 1],
        [2, 1],
      ],
    ]) {
      const { silent, append, eventually, taken, clock, queue } = setUp();
      silent.add(PRODUCE);
      const head = append(lanes);
      clock.advance(50);
      const waiting = Array.from({ length: 5 }, () => append(others));
      for (const answer of await eventually('all answers', Promise.all([head, ...waiting]))) expectTimedOut(answer);
      silent.clear();
      await eventually('all is over', queue.drained());
      expect(taken).toEqual([]);
    }
  });

  it.each([[[0]], [[0, 1]]])('to lanes %j does not take those along that came later', async (lanes) => {
    const { silent, append, eventually, clock, fake, pass } = setUp();
    silent.add(PRODUCE);
    const first = append(lanes);
    await until('it is written', () => fake.asked.includes(PRODUCE));
    clock.advance(100);
    const early = append(lanes);
    await pass(TIMEOUT_MS - 1_000);
    const late = append(lanes);
    expectTimedOut(await eventually('an answer', first));
    expectTimedOut(await eventually('an answer', early));
    silent.clear();
    const counts: number[] = [];
    const taking = takingBroker();
    fake.on(PRODUCE, (request: Buffer) => {
      for (const { count } of produced(request)) counts.push(count);
      return taking(request);
    });
    expect((await eventually('an answer', late)).outcome).toBe('there');
    expect(counts).toEqual(lanes.map(() => 1));
  });

  /** Two that come five seconds apart and share the next transaction, while one before them is written at its second try. */
  const sharing = async ({ silent, append, eventually, pass }: ReturnType<typeof setUp>) => {
    silent.add(PRODUCE);
    const first = append([0, 1]);
    await pass(100);
    const early = append([0, 1]);
    await pass(REQUEST_TIMEOUT_MS);
    const late = append([0, 1]);
    silent.clear();
    expect((await eventually('an answer', first)).outcome).toBe('there');
    return { early, late };
  };

  it('does not use up the attempts of those who have more time', async () => {
    const world = setUp();
    const { eventually, fake } = world;
    const { early, late } = await sharing(world);
    fake.on(
      PRODUCE,
      takingBroker([], () => KAFKA.notLeader),
    );
    expectTimedOut(await eventually('an answer', early));
    fake.on(PRODUCE, takingBroker());
    expect((await eventually('an answer', late)).outcome).toBe('there');
  });

  it.each([
    ['when the transaction that it shared is made again', 'silent'],
    ['also when Kafka has taken all of it, too late', 'slow'],
  ])('is left out %s', async (_, how) => {
    const world = setUp();
    const { silent, eventually, taken, ends, fake, clock } = world;
    const { early, late } = await sharing(world);
    const taking = takingBroker(taken);
    const slowly = (request: Buffer) =>
      new Promise((resolve) => clock.after(TIMEOUT_MS - REQUEST_TIMEOUT_MS, () => resolve(taking(request))));
    if (how === 'silent') silent.add(PRODUCE);
    else fake.on(PRODUCE, slowly, taking);
    expectTimedOut(await eventually('an answer', early));
    silent.clear();
    expect((await eventually('an answer', late)).outcome).toBe('there');
    // Of both in the attempt that was aborted, of one in the other.
    expect(taken.map(({ count }) => count)).toEqual(how === 'silent' ? [1, 1, 1, 1] : [1, 1, 2, 2, 1, 1]);
    expect(ends).toEqual([true, false, true]);
  });
});
