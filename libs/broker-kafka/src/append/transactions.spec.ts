import type { Appended, GroupCommit } from '@distributary/distribution-core';
import { noMetrics } from '@distributary/distribution-core';
import { events, until } from '@distributary/distribution-core/testing';
import { connectionLost, KAFKA, kafkaError } from '../kafka.errors.js';
import { KafkaMetrics } from '../kafka-metrics.js';
import { FakeCluster, fakeParts, type ProducedBatch, takingBroker } from '../testing/fake-cluster.js';
import { GroupPositions } from '../topics/group-positions.js';
import { KafkaNames } from '../topics/topic-names.js';
import { AppendQueue } from './append-queue.js';
import { Transactions } from './transactions.js';

const END = 'end a transaction';
const COMMIT = 'commit positions in a transaction';
/** Of the two lanes of `orders`. */
const laneAnswers = (errorCode: number) => [0, 1].map(() => ({ name: 'orders', errorCode }));
const LANES_JOINED = laneAnswers(KAFKA.none);
const FREE = { maxInFlightBytes: 1e9, maxRecordBytes: 1e6 };

function aCluster(): FakeCluster {
  let epoch = 0;
  return new FakeCluster()
    .withTopic('orders', 3)
    .on('init producer', () => ({ errorCode: 0, producerId: 7n, producerEpoch: epoch++ }))
    .on(END, () => ({ errorCode: 0, producerId: 7, producerEpoch: epoch++ }))
    .on(COMMIT, [{ name: 'orders', partitions: [{ errorCode: 0 }] }]);
}

/** In which all that is there is done, however busy the machine; and what is not is told soon. */
const TIMEOUT_MS = 10_000;
const SOON_MS = 300;

function appending(fake: FakeCluster, slots = 1, timeoutMs = TIMEOUT_MS) {
  const parts = fakeParts(fake, timeoutMs);
  const names = new KafkaNames('');
  const committed: Appended[] = [];
  let instances = 0;
  const transactions = new Transactions({
    parts,
    names,
    positions: new GroupPositions(fake.cluster, names, parts.retrying, timeoutMs),
    instance: 'first',
    newInstance: () => `other${++instances}`,
    slots,
    requestTimeoutMs: 1_000,
    onCommitted: (appended) => committed.push(...appended),
  });
  const queue = new AppendQueue(parts, transactions, FREE, new KafkaMetrics(noMetrics));
  const to = (partitions: readonly number[], count = 1, commit?: GroupCommit) =>
    queue.append(
      partitions.map((partition) => ({ topic: 'orders', partition, records: events(count) })),
      commit,
    );
  return { to, queue, committed };
}

const placesOf = (appended: readonly Appended[]) =>
  appended.map(({ lane, first, last }) => [lane.partition, first, last]);
const commitOf = (generation: number): GroupCommit => ({
  group: 'router',
  positions: [{ topic: 'orders', partition: 0, epoch: 'epoch', position: '15' }],
  member: { memberId: 'me', generation },
});

describe('appends to several lanes', () => {
  it('are one transaction, answered in the order of the argument when it is committed', async () => {
    const taken: ProducedBatch[] = [];
    const fake = aCluster().on('produce', takingBroker(taken));
    const { to, committed } = appending(fake);
    expect(placesOf(await to([2, 0], 3))).toEqual([
      [2, '10', '12'],
      [0, '10', '12'],
    ]);
    expect(taken.map(({ transactionalId, sequence }) => [transactionalId, sequence])).toEqual([
      ['distributary.first-0', 0],
      ['distributary.first-0', 0],
    ]);
    expect(fake.asked).toEqual(['init producer', 'produce', END]);
    expect(committed).toHaveLength(2);
  });

  it('are marked once more as ended when the end had to be asked for again: the broker may have lost the marks', async () => {
    const ended = { errorCode: 0, producerId: 7, producerEpoch: 9 };
    const fake = aCluster()
      .on('produce', takingBroker())
      .on(END, connectionLost(END, new Error('killed')), ended)
      .on('add lanes to a transaction', LANES_JOINED);
    const { to } = appending(fake);
    expect(await to([0, 1])).toHaveLength(2);
    expect(fake.asked).toEqual(['init producer', 'produce', END, END, 'add lanes to a transaction', END]);
    expect(await to([0, 1])).toHaveLength(2);
    expect(fake.asked.slice(6)).toEqual(['produce', END]);
  });

  it('are ended for their readers although who asked was told that nobody knows', async () => {
    let isAway = true;
    const ended = { errorCode: 0, producerId: 7, producerEpoch: 9 };
    const fake = aCluster()
      .on('produce', takingBroker())
      .on(END, () => (isAway ? connectionLost(END, new Error('killed')) : ended))
      .on('add lanes to a transaction', LANES_JOINED);
    const { to } = appending(fake, 1, SOON_MS);
    await expect(to([0, 1])).rejects.toMatchObject({ code: 'broker.unavailable' });
    isAway = false;
    await until('it to be marked', () => fake.asked.includes('add lanes to a transaction'));
    expect(await to([0, 1])).toHaveLength(2);
  });

  it('that come while transactions are under way share the next one', async () => {
    const fake = aCluster().on('produce', takingBroker());
    const { to } = appending(fake);
    const answers = await Promise.all(Array.from({ length: 20 }, () => to([0, 1])));
    expect(answers.map(placesOf).map(([[, first]]) => first)).toEqual(
      Array.from({ length: 20 }, (_, index) => `1${index.toString(36)}`),
    );
    expect(fake.asked.filter((name) => name === END).length).toBeLessThanOrEqual(2);
  });

  it('keep their place among appends to one of the lanes', async () => {
    const fake = aCluster().on('produce', takingBroker());
    const { to } = appending(fake, 2);
    const calls = [to([0]), to([0, 1]), to([0]), to([1, 0]), to([0, 1]), to([1])];
    const answers = (await Promise.all(calls)).map((appended) => Object.fromEntries(placesOf(appended)));
    expect(answers.map((answer) => answer[0]).filter(Boolean)).toEqual(['10', '11', '12', '13', '14']);
    expect(answers.map((answer) => answer[1]).filter(Boolean)).toEqual(['10', '11', '12', '13']);
  });

  it('never wait for each other for ever, however they cross', async () => {
    const fake = aCluster().on('produce', takingBroker());
    const { to, queue } = appending(fake, 2);
    const mixes = [[0, 1], [1, 2], [2, 0], [0], [2, 1, 0], [1]];
    await Promise.all(Array.from({ length: 60 }, (_, call) => to(mixes[(call * 7) % mixes.length])));
    await queue.drained();
  });

  it('are made again after a failure before the end, by a producer that is sound', async () => {
    const taken: ProducedBatch[] = [];
    let refusals = 1;
    const refuse = () => (refusals-- > 0 ? KAFKA.transactionAbortable : 0);
    const fake = aCluster().on('produce', takingBroker(taken, refuse));
    const { to } = appending(fake);
    await to([0, 1]);
    expect(fake.asked.filter((name) => name === END)).toHaveLength(2);
  });

  it('get another transactional id when somebody else bears theirs', async () => {
    const taken: ProducedBatch[] = [];
    let refusals = 1;
    const refuse = () => (refusals-- > 0 ? KAFKA.invalidProducerEpoch : 0);
    const fake = aCluster().on('produce', takingBroker(taken, refuse));
    const { to } = appending(fake);
    await to([0, 1]);
    expect(taken.at(-1)?.transactionalId).toBe('distributary.other1-0');
  });

  it('reject when nobody knows how they ended, and the next one waits until that is known', async () => {
    const fake = aCluster().on('produce', takingBroker());
    const ending = () => ({ errorCode: 0, producerId: 7, producerEpoch: 9 });
    let isDown = true;
    fake.on(END, () => (isDown ? connectionLost(END, new Error('cut')) : ending()));
    fake.on('add lanes to a transaction', LANES_JOINED);
    const { to, committed } = appending(fake, 1, SOON_MS);
    await expect(to([0, 1])).rejects.toMatchObject({ code: 'broker.unavailable' });
    expect(committed).toEqual([]);
    isDown = false;
    await to([0, 1]);
    expect(fake.asked.filter((name) => name === 'init producer')).toHaveLength(1);
    expect(fake.asked.slice(-4)).toEqual(['add lanes to a transaction', END, 'produce', END]);
  });

  it('are written once and answered, although a topic of theirs was deleted before their end was told', async () => {
    const taken: ProducedBatch[] = [];
    const ended = { errorCode: 0, producerId: 7, producerEpoch: 9 };
    const fake = aCluster().withTopic('going').on('produce', takingBroker(taken));
    fake.on(
      END,
      () => {
        fake.topics.delete('going');
        return connectionLost(END, new Error('killed'));
      },
      ended,
    );
    const { to, queue } = appending(fake);
    const going = { topic: 'going', partition: 0, records: events(1) };
    const orders = { topic: 'orders', partition: 2, records: events(1) };
    // 55: those that would do are not added when another one will not.
    fake.on('add lanes to a transaction', (request: Buffer) =>
      request.includes('going')
        ? [{ name: 'going', errorCode: KAFKA.unknownTopicOrPartition }, ...laneAnswers(55)]
        : LANES_JOINED,
    );
    const answers = await Promise.all([queue.append([going, orders], undefined), to([0, 1])]);
    expect(answers.map(({ length }) => length)).toEqual([2, 2]);
    expect(taken).toHaveLength(4);
    expect(fake.asked.slice(-4)).toEqual([END, 'add lanes to a transaction', 'add lanes to a transaction', END]);
  });

  it('are not written a second time when nobody can be told that they were ended', async () => {
    const taken: ProducedBatch[] = [];
    const ended = { errorCode: 0, producerId: 7, producerEpoch: 9 };
    const fake: FakeCluster = aCluster()
      .on('produce', takingBroker(taken))
      .on(END, connectionLost(END, new Error('killed')), ended)
      // Who coordinates has not heard of the topic, which is there; until it is asked for the end once more.
      .on('add lanes to a transaction', () =>
        fake.asked.filter((name) => name === END).length > 2
          ? LANES_JOINED
          : laneAnswers(KAFKA.unknownTopicOrPartition),
      );
    const { to } = appending(fake, 1, SOON_MS);
    const outcomes = await Promise.allSettled([to([0, 1]), to([0, 1])]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'broker.unavailable' } });
    }
    expect(taken).toHaveLength(2);
  });

  it('are not ended as aborted by one that waits for them in vain', async () => {
    const ended = { errorCode: 0, producerId: 7, producerEpoch: 9 };
    let isAway = true;
    let areLanesBusy = true;
    const isCommits: boolean[] = [];
    const fake = aCluster()
      .on('produce', takingBroker())
      .on(END, (request: Buffer) => {
        // Its last field, before the tags.
        isCommits.push(request.at(-2) === 1);
        return isAway ? connectionLost(END, new Error('killed')) : ended;
      })
      .on('add lanes to a transaction', () =>
        areLanesBusy ? laneAnswers(KAFKA.concurrentTransactions) : LANES_JOINED,
      );
    const { to } = appending(fake, 1, SOON_MS);
    await expect(to([0, 1])).rejects.toMatchObject({ code: 'broker.unavailable' });
    isAway = false;
    await expect(to([0, 1])).rejects.toMatchObject({ code: 'broker.unavailable' });
    areLanesBusy = false;
    expect(await until('it is settled', () => to([0, 1]).catch(() => undefined))).toHaveLength(2);
    expect(isCommits).not.toContain(false);
  });

  it('whose lanes are not there are refused alone', async () => {
    const { to } = appending(aCluster().on('produce', takingBroker()));
    const [fine, missing] = await Promise.allSettled([to([0, 1]), to([0, 9])]);
    expect([fine.status, missing.status]).toEqual(['fulfilled', 'rejected']);
    expect(missing).toMatchObject({ reason: { code: 'topic.not_found' } });
  });
});

describe('appends with positions of a group', () => {
  it('move the positions in their transaction', async () => {
    const fake = aCluster().on('produce', takingBroker());
    await appending(fake).to([0], 1, commitOf(3));
    expect(fake.asked).toEqual(['init producer', 'produce', COMMIT, END]);
  });

  it('of a member that the group does not know any more are refused alone, and nothing of them is there', async () => {
    const isStale = (request: Buffer) => request.includes(Buffer.from([0, 0, 0, 3]));
    const fake = aCluster()
      .on('produce', takingBroker())
      .on(COMMIT, (request: Buffer) => {
        const errorCode = isStale(request) ? KAFKA.illegalGeneration : 0;
        return [{ name: 'orders', partitions: [{ errorCode }] }];
      });
    const { to, committed } = appending(fake);
    const results = await Promise.allSettled([to([0, 1]), to([0, 1], 1, commitOf(3)), to([0, 1], 1, commitOf(4))]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'generation.stale' } });
    expect(committed).toHaveLength(4);
  });
});

describe('what an append is refused for at once', () => {
  it('is named: no records, too large an event, too large an append', () => {
    const { queue } = appending(aCluster());
    const refused = (size: number, count: number) => () =>
      queue.append(
        [{ topic: 'orders', partition: 0, records: events(count, 'e', { value: 'x'.repeat(size) }) }],
        undefined,
      );
    expect(refused(1, 0)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
    expect(refused(1e6, 1)).toThrow(expect.objectContaining({ code: 'payload.too_large' }));
    expect(kafkaError(KAFKA.messageTooLarge, 'x').code).toBe('payload.too_large');
  });
});
