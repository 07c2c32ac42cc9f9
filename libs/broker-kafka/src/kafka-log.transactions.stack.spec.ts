import { BEFORE_FIRST } from '@distributary/distribution-core';
import { events, idsOf, readAll, until } from '@distributary/distribution-core/testing';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka, type TestServer } from '../../../tools/stack/src/index.js';
import { KafkaNames } from './topics/topic-names.js';
import { aKafkaLog, type KafkaHarness } from './testing/kafka-harness.js';

const FOREVER = { ms: 0, bytes: 0 };
const start = { topic: 'orders', partition: 0, after: BEFORE_FIRST };

let kafka: TestServer;
let harness: KafkaHarness;

beforeAll(async () => {
  kafka = await startKafka();
}, 180_000);
afterAll(() => kafka?.stop('SIGKILL'));

beforeEach(async () => {
  harness = await aKafkaLog(kafka.url);
  await harness.log.createTopic('orders', 2, FOREVER);
}, 60_000);
afterEach(() => harness.dispose());

async function inTransactions(
  work: (begin: () => ReturnType<ReturnType<Kafka['producer']>['transaction']>) => Promise<void>,
  transactionalId = `${harness.prefix}other`,
) {
  const client = new Kafka({ brokers: [kafka.url], logLevel: logLevel.NOTHING });
  const producer = client.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  await work(() => producer.transaction());
  await producer.disconnect();
}

function following() {
  const abort = new AbortController();
  const values: string[] = [];
  const ended = (async () => {
    for await (const batch of harness.log.tail(start, { signal: abort.signal })) {
      for (let index = 0; index < batch.count; index++) values.push(batch.valueAt(index).toString());
    }
  })();
  return {
    values,
    stop: async () => {
      abort.abort();
      await ended;
    },
  };
}

describe('what another client writes in transactions', () => {
  it('is read when it is committed, and never when it was aborted', async () => {
    const topic = `${harness.prefix}orders`;
    const tail = following();
    await inTransactions(async (begin) => {
      for (const [value, isCommit] of [
        ['a1', false],
        ['a2', false],
        ['c1', true],
        ['a3', false],
        ['c2', true],
      ] as const) {
        const transaction = await begin();
        await transaction.send({ topic, messages: [{ partition: 0, value: JSON.stringify({ value }) }] });
        await (isCommit ? transaction.commit() : transaction.abort());
      }
    });
    await until('the committed ones', () => tail.values.length >= 2, 20_000);
    const [{ last, events: count }] = await harness.log.ends('orders');
    expect(count).toBeGreaterThan(2);
    const batches = await harness.log.read(start, 1_000_000);
    expect(batches.at(-1)?.lastPosition).toBe(last);
    expect(tail.values).toEqual(['{"value":"c1"}', '{"value":"c2"}']);
    await tail.stop();
  }, 60_000);
});

describe('our transactions', () => {
  it('all succeed while many cross, and every lane has them in the order of the calls', async () => {
    const { log } = harness;
    const calls = Array.from({ length: 300 }, (_, call) => {
      const lanes = call % 3 === 0 ? [0] : call % 3 === 1 ? [0, 1] : [1, 0];
      return log.append(lanes.map((partition) => ({ topic: 'orders', partition, records: events(2, `call${call}`) })));
    });
    await Promise.all(calls);
    expect(idsOf(await readAll(log, 'orders', 0))).toEqual(
      Array.from({ length: 300 }, (_, call) => [`call${call}-1`, `call${call}-2`]).flat(),
    );
  }, 60_000);

  it('of a process are ended by its successor, and the process begins anew by another name', async () => {
    const first = await harness.another({ instance: 'same' });
    const second = await harness.another({ instance: 'same' });
    const append = (log: typeof first, id: string) =>
      log.append([0, 1].map((partition) => ({ topic: 'orders', partition, records: events(1, id) })));
    for (let round = 0; round < 12; round++) {
      await append(first, `first${round}`);
      await append(second, `second${round}`);
    }
    const seen = idsOf(await readAll(second, 'orders', 0));
    expect(seen).toEqual(Array.from({ length: 12 }, (_, round) => [`first${round}-1`, `second${round}-1`]).flat());
  }, 60_000);

  // Whichever of its ids it was that died, readers would wait for Kafka to give the transaction up.
  it('of a process that died are ended when it is there again, before it appends anything', async () => {
    const topic = `${harness.prefix}orders`;
    await inTransactions(
      async (begin) => {
        const transaction = await begin();
        await transaction.send({ topic, messages: [{ partition: 0, value: JSON.stringify({ value: 'left open' }) }] });
      },
      new KafkaNames(harness.prefix).transactionalId('same', 2),
    );
    const tail = following();
    await harness.log.append([{ topic: 'orders', partition: 0, records: events(1, 'behind it') }]);
    await harness.another({ instance: 'same' });
    await until('what comes after it', () => tail.values.length === 1, 5_000);
    await tail.stop();
  }, 60_000);

  // The one that wrote it would have had a minute.
  it('of a process that died are ended by whoever else is there, long before Kafka would', async () => {
    const topic = `${harness.prefix}orders`;
    const ours = new KafkaNames(harness.prefix).transactionalId('gone', 0);
    const leaveOpen = (transactionalId: string, partition: number) =>
      inTransactions(async (begin) => {
        const transaction = await begin();
        await transaction.send({ topic, messages: [{ partition, value: JSON.stringify({ value: 'left open' }) }] });
      }, transactionalId);
    await leaveOpen(ours, 0);
    await leaveOpen(`somebody-else.${harness.prefix}`, 1);
    const tail = following();
    await harness.log.append([{ topic: 'orders', partition: 0, records: events(1, 'behind it') }]);
    await harness.log.append([{ topic: 'orders', partition: 1, records: events(1, 'behind the other') }]);
    await until('what comes after it', () => tail.values.length === 1, 9_000);
    expect(await harness.log.read({ ...start, partition: 1 }, 1_000_000)).toEqual([]);
    await tail.stop();
  }, 60_000);

  it('of a large append to one lane are all there, over several batches', async () => {
    const { log } = harness;
    const records = events(300, 'large', { value: 'x'.repeat(10_000) });
    const [{ first, last }] = await log.append([{ topic: 'orders', partition: 0, records }]);
    expect(first < last).toBe(true);
    const tail = following();
    await until('all of it', () => tail.values.length === 300, 20_000);
    await tail.stop();
  }, 60_000);
});
