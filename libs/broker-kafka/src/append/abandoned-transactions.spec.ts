import { noMetrics } from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { connectionLost, KAFKA } from '../kafka.errors.js';
import { KafkaMetrics } from '../kafka-metrics.js';
import { FakeCluster } from '../testing/fake-cluster.js';
import { KafkaNames } from '../topics/topic-names.js';
import { Retrying } from '../wire/retrying.js';
import { AbandonedTransactions } from './abandoned-transactions.js';

const ENDED = { errorCode: 0, producerId: 7n, producerEpoch: 2 };

function setUp(fake: FakeCluster) {
  const clock = new FakeClock();
  const closing = new AbortController();
  const ids = { uuid: () => 'id', random: () => 0.5 };
  let ended = 0;
  const metrics = new KafkaMetrics({
    ...noMetrics,
    counter: (name) => ({ add: () => void (name === 'broker_abandoned_transactions_total' && ended++) }),
  });
  const retrying = new Retrying(clock, ids, metrics, closing.signal);
  const names = new KafkaNames('dev.');
  const abandoned = new AbandonedTransactions({
    cluster: fake.cluster,
    names,
    ids,
    retrying,
    metrics,
    closing: closing.signal,
  });
  abandoned.start();
  /** One look at what is open. */
  const look = async () => {
    const before = fake.asked.length;
    clock.advance(1_000);
    await until('it has looked', () => fake.asked.length > before && clock.pendingAlarms === 1);
  };
  const close = async () => {
    closing.abort();
    await abandoned.stopped();
    return clock.pendingAlarms;
  };
  return { look, close, ended: () => ended };
}

const endings = (fake: FakeCluster) => fake.asked.filter((name) => name === 'init producer').length;

describe('transactions that nobody ends any more', () => {
  it('are ended if a process of this installation began them, and no others', async () => {
    const fake = new FakeCluster()
      .on('list transactions', [
        'dev.distributary.gone-0',
        'distributary.theirs-0',
        'dev.orders',
        'dev.distributary.gone-1',
      ])
      .on('init producer', ENDED);
    const { look, close, ended } = setUp(fake);
    await look();
    expect(endings(fake)).toBe(2);
    expect(ended()).toBe(2);
    expect(await close()).toBe(0);
  });

  it('count as ended while Kafka is about it', async () => {
    const fake = new FakeCluster()
      .on('list transactions', ['dev.distributary.gone-0'])
      .on('init producer', { ...ENDED, errorCode: KAFKA.concurrentTransactions });
    const { look, close, ended } = setUp(fake);
    await look();
    expect(ended()).toBe(1);
    await close();
  });

  it('are looked for again after a broker did not answer, or refused', async () => {
    const fake = new FakeCluster()
      .on('list transactions', connectionLost('list transactions', new Error('gone')), ['dev.distributary.gone-0'])
      .on('init producer', { ...ENDED, errorCode: KAFKA.coordinatorLoading }, ENDED);
    const { look, close, ended } = setUp(fake);
    await look();
    await look();
    expect(ended()).toBe(0);
    await look();
    expect(ended()).toBe(1);
    await close();
  });
});
