import type { Appended } from '@distributary/distribution-core';
import { events } from '@distributary/distribution-core/testing';
import { connectionLost, KAFKA } from '../kafka.errors.js';
import { FakeCluster, fakeParts, type ProducedBatch, takingBroker } from '../testing/fake-cluster.js';
import { bytesOf } from './append-request.js';
import { LaneWriter } from './lane-writer.js';

const PRODUCER = { errorCode: 0, producerId: 7n, producerEpoch: 0 };

function writing(fake: FakeCluster, partition = 0) {
  const parts = fakeParts(fake);
  const writer = new LaneWriter({ topic: 'orders', partition }, parts);
  return (count: number, prefix = 'event', value?: unknown): Promise<readonly Appended[]> => {
    const records = events(count, prefix, value === undefined ? {} : { value });
    return new Promise((resolve, reject) => {
      const appends = [{ topic: 'orders', partition, records }];
      const deadlineMs = parts.clock.monotonicMs() + parts.timeoutMs;
      writer.push({ appends, commit: undefined, bytes: bytesOf(records), deadlineMs, resolve, reject });
    });
  };
}

const aCluster = () => new FakeCluster().withTopic('orders').on('init producer', PRODUCER);
const lastOf = (answers: readonly (readonly Appended[])[]) => answers.map(([{ first, last }]) => [first, last]);

describe('the writer of a lane', () => {
  it('puts what waits into one batch, and says to each where it lies', async () => {
    const taken: ProducedBatch[] = [];
    const append = writing(aCluster().on('produce', takingBroker(taken)));
    expect(lastOf(await Promise.all([append(2), append(3), append(1)]))).toEqual([
      ['10', '11'],
      ['12', '14'],
      ['15', '15'],
    ]);
    await append(4);
    expect(taken.map(({ count, sequence }) => [count, sequence])).toEqual([
      [6, 0],
      [4, 6],
    ]);
  });

  it('sends a batch that got no answer again as it was', async () => {
    const taken: ProducedBatch[] = [];
    const attempts: ProducedBatch[] = [];
    const taking = takingBroker(taken);
    const fake = aCluster().on(
      'produce',
      (request) => {
        attempts.push(...(takingBroker(attempts)(request) as []));
        return connectionLost('produce', new Error('cut'));
      },
      taking,
    );
    const append = writing(fake);
    await append(2);
    await append(1);
    expect(attempts[0]).toMatchObject({ sequence: 0, count: 2, producerId: 7 });
    expect(taken.map(({ sequence, producerId }) => [sequence, producerId])).toEqual([
      [0, 7],
      [2, 7],
    ]);
  });

  it('gives up in time, and begins a new epoch then: nobody knows which sequence comes next', async () => {
    const taken: ProducedBatch[] = [];
    let isDown = true;
    const taking = takingBroker(taken);
    const fake = aCluster().on('produce', (request: Buffer) =>
      isDown ? connectionLost('produce', new Error('down')) : taking(request),
    );
    const append = writing(fake);
    await expect(append(2)).rejects.toMatchObject({ code: 'broker.unavailable', retryable: true });
    isDown = false;
    await append(1);
    await append(1);
    expect(taken).toMatchObject([
      { producerId: 7, producerEpoch: 1, sequence: 0 },
      { producerId: 7, producerEpoch: 1, sequence: 1 },
    ]);
  });

  it('begins with a new producer when there are no more epochs', async () => {
    const taken: ProducedBatch[] = [];
    const fake = aCluster()
      .on('init producer', { ...PRODUCER, producerEpoch: 32_766 }, { ...PRODUCER, producerId: 8n })
      .on(
        'produce',
        takingBroker(taken, ({ count }) => (count > 1 ? KAFKA.messageTooLarge : 0)),
      );
    const append = writing(fake);
    await expect(append(2)).rejects.toMatchObject({ code: 'payload.too_large' });
    await append(1);
    expect(taken).toMatchObject([{ producerId: 8, producerEpoch: 0, sequence: 0 }]);
  });

  it('begins a new epoch, too, when the topic is not there after a batch that got no answer', async () => {
    const taken: ProducedBatch[] = [];
    const taking = takingBroker(taken);
    const fake = aCluster();
    const [name, topic] = [...fake.topics][0];
    fake.on(
      'produce',
      (request: Buffer) => {
        taking(request);
        fake.topics.clear();
        return connectionLost('produce', new Error('cut'));
      },
      taking,
    );
    const append = writing(fake);
    await expect(append(2)).rejects.toMatchObject({ code: 'topic.not_found' });
    // Who was asked had not heard of it: it is the same as before.
    fake.topics.set(name, topic);
    await append(2);
    expect(taken).toMatchObject([
      { producerEpoch: 0, sequence: 0 },
      { producerEpoch: 1, sequence: 0 },
    ]);
  });

  it('becomes a new producer when the broker has forgotten it', async () => {
    const taken: ProducedBatch[] = [];
    let isKnown = false;
    const fake = aCluster()
      .on('init producer', PRODUCER, { ...PRODUCER, producerId: 8n })
      .on(
        'produce',
        takingBroker(taken, ({ producerId }) => (isKnown || producerId === 8 ? 0 : KAFKA.unknownProducerId)),
      );
    await writing(fake)(1);
    isKnown = true;
    expect(taken).toMatchObject([{ producerId: 8, sequence: 0 }]);
  });

  it('tries each by itself when the batch of all was too large, and only what is too large is refused', async () => {
    const fake = aCluster().on(
      'produce',
      takingBroker([], ({ count }) => (count > 1 ? KAFKA.messageTooLarge : 0)),
    );
    const append = writing(fake);
    const [one, two, three] = await Promise.allSettled([append(1), append(2), append(1)]);
    expect([one.status, two.status, three.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(two).toMatchObject({ reason: { code: 'payload.too_large' } });
  });

  it('says topic.not_found when the topic is gone, or has no such lane', async () => {
    const fake = aCluster().on(
      'produce',
      takingBroker([], () => {
        fake.topics.clear();
        return KAFKA.unknownTopicId;
      }),
    );
    await expect(writing(fake, 5)(1)).rejects.toMatchObject({ code: 'topic.not_found' });
    await expect(writing(fake)(1)).rejects.toMatchObject({ code: 'topic.not_found' });
  });

  it('goes on in the topic that was made anew, whose sequences begin at 0', async () => {
    const taken: ProducedBatch[] = [];
    const fake = aCluster().on('produce', takingBroker(taken));
    const append = writing(fake);
    const [old] = await append(2);
    fake.withTopic('orders');
    const [young] = await append(1);
    expect(young.lane.epoch).not.toBe(old.lane.epoch);
    expect(taken.map(({ sequence }) => sequence)).toEqual([0, 0]);
  });

  it('waits while nobody leads the lane', async () => {
    const fake = aCluster().on('produce', takingBroker());
    const [name, topic] = [...fake.topics][0];
    fake.topics.set(name, { ...topic, partitions: [{ leader: -1, leaderEpoch: 0 }] });
    const appending = writing(fake)(1);
    setTimeout(() => fake.topics.set(name, topic), 20);
    expect(lastOf([await appending])).toEqual([['10', '10']]);
  });
});
