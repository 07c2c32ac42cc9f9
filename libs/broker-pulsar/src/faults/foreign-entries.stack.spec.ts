import {
  BEFORE_FIRST,
  noMetrics,
  type Delivery,
  type EventBatch,
  type QueueConsumer,
} from '@distributary/distribution-core';
import { Follower, until } from '@distributary/distribution-core/testing';
import { type RunningServer, startPulsar } from '../../../../tools/stack/src/index.js';
import type { PulsarLog } from '../pulsar-log.js';
import { PulsarQueue } from '../queue/pulsar-queue.js';
import { PulsarFromOutside } from '../testing/pulsar-admin.js';
import { aPulsarLog, type PulsarHarness, systemClock } from '../testing/pulsar-harness.js';
import { type RawMessage, sendRaw } from '../testing/raw-producer.js';

let pulsar: RunningServer;
let harness: PulsarHarness;
let outside: PulsarFromOutside;

beforeAll(async () => {
  pulsar = await startPulsar();
  harness = await aPulsarLog(pulsar.url, { requestTimeoutMs: 2_000 });
  outside = new PulsarFromOutside(pulsar.url, `public/${harness.namespace}`);
}, 180_000);
afterAll(async () => {
  await harness?.dispose();
  await pulsar?.stop('SIGKILL');
}, 60_000);

/** To a topic of others that is made for it. */
async function aTopicOf(topic: string, ...messages: readonly RawMessage[]): Promise<void> {
  await outside.createTopic(topic, 1);
  // Whoever asks has it served.
  await harness.log.ends(topic);
  const { port } = new URL(pulsar.url);
  await sendRaw(Number(port) + 1, `public/${harness.namespace}/${topic}-partition-0`, ...messages);
}
const start = (topic: string) => ({ topic, partition: 0, after: BEFORE_FIRST });
const valuesOf = (batch: EventBatch) =>
  Array.from({ length: batch.count }, (_, index) => `${batch.routingKeyAt(index)} ${batch.valueAt(index).toString()}`);

/** Whose events are told to `came`, and acknowledged one by one. */
async function joined(log: PulsarLog, topic: string, type: 'shared' | 'key_shared', came: string[]) {
  const membership = await log.subscriptions.join(
    'readers',
    { topics: [topic], type, start: 'earliest', maxUnacked: 10 },
    {
      onBatch: (batch) => {
        came.push(...valuesOf(batch));
        for (let index = 0; index < batch.count; index++)
          void membership.ack(batch.lane, [batch.positions.at(index)]).catch(() => undefined);
      },
      onLost: () => undefined,
      onGone: () => undefined,
    },
  );
  return membership;
}

/** Texts of `key value` in the order that such a subscription promises: of each key, or none at all. */
const promised = (type: 'shared' | 'key_shared', events: readonly string[]): string[] =>
  type === 'shared' ? [...events].sort() : ['a', 'b'].flatMap((key) => events.filter((event) => event[0] === key));

describe('messages without a value', () => {
  const MESSAGES = [
    { key: 'a', payload: '{"n":1}' },
    { key: 'a' },
    { key: 'b' },
    { key: 'b', payload: '{"n":4}' },
    { key: 'a' },
  ];
  const EVENTS = ['a {"n":1}', 'a {"data":null}', 'b {"data":null}', 'b {"n":4}', 'a {"data":null}'];

  it('are events of a tail', async () => {
    await aTopicOf('tailed', ...MESSAGES);
    const follower = new Follower(harness.log, start('tailed'));
    await until('all', () => follower.eventIds.length >= EVENTS.length, 20_000);
    await follower.stop();
  }, 60_000);

  it('are events of tails and reads also where they were packed with others into one entry', async () => {
    const packed = [
      { key: 'a', payload: '{"n":1}', properties: { source: 'x' } },
      { key: 'b' },
      { payload: 'text' },
      { key: 'a' },
    ];
    const first = [
      'a {"n":1}',
      'b {"data":null}',
      ` ${JSON.stringify({ data_base64: 'dGV4dA==' })}`,
      'a {"data":null}',
    ];
    await aTopicOf('packed', { packed }, { payload: '{"n":5}' }, { packed: [{ key: 'c' }] }, { packed });
    const events = [...first, ' {"n":5}', 'c {"data":null}', ...first];
    const whole = new Follower(harness.log, start('packed'));
    await until('all', () => whole.eventIds.length >= events.length, 20_000);
    await whole.stop();
    const batches: EventBatch[] = [];
    for (let { after } = start('packed'); ; after = batches[batches.length - 1].lastPosition) {
      const read = await harness.log.read({ ...start('packed'), after }, 10_000);
      if (read.length === 0) break;
      batches.push(...read);
    }
    expect(batches.flatMap(valuesOf)).toEqual(events);
    const ids = batches.flatMap((batch) => batch.eventIds);
    const positions = batches.flatMap((batch) =>
      Array.from({ length: batch.count }, (_, at) => batch.positions.at(at)),
    );
    expect(whole.eventIds).toEqual(ids);
    // Whoever begins within an entry is given the rest of it, under the same ids.
    for (const from of [0, 1, 2, 3, 7]) {
      const behind = ids.slice(from + 1);
      const follower = new Follower(harness.log, { ...start('packed'), after: positions[from] });
      await until(`what is behind ${from}`, () => follower.eventIds.length >= behind.length, 20_000);
      await follower.stop();
      expect(follower.eventIds).toEqual(behind);
    }
  }, 90_000);

  it.each(['shared', 'key_shared'] as const)(
    'are events of a %s subscription, acknowledged as others are',
    async (type) => {
      const topic = `deleted-${type}`;
      await aTopicOf(topic, ...MESSAGES);
      const came: string[] = [];
      const membership = await joined(harness.log, topic, type, came);
      await until('all', () => came.length >= EVENTS.length, 30_000);
      expect(promised(type, came)).toEqual(promised(type, EVENTS));
      const [{ last }] = await harness.log.ends(topic);
      await until('all to be acknowledged', async () => (await membership.positions())[0].position === last);
      await membership.leave();
    },
    60_000,
  );
});

describe.each(['shared', 'key_shared'] as const)('a %s subscription', (type) => {
  const text = { key: 'a', payload: 'text' };
  const packed = [{ key: 'a', payload: '{"n":1}' }, { key: 'a' }, text, { key: 'a' }, { key: 'a', payload: '{"n":5}' }];
  const EVENTS = [
    ...['a {"n":1}', 'a {"data":null}', `a ${JSON.stringify({ data_base64: 'dGV4dA==' })}`],
    ...['a {"data":null}', 'a {"n":5}'],
  ];
  const queueOf = async (topic: string) => {
    const queue = new PulsarQueue({ log: await harness.another(), clock: systemClock });
    const limits = { ackTimeoutMs: 30_000, maxAttempts: 5, maxUnacked: 20 };
    const consumer = await queue.subscribe('readers', { topics: [topic], type, start: 'earliest', ...limits });
    return { queue, consumer };
  };
  const fill = async (held: Delivery[], consumer: QueueConsumer) => {
    while (held.length < packed.length) {
      const more = await consumer.receive(packed.length, AbortSignal.timeout(20_000));
      if (more.length === 0) break;
      held.push(...more);
    }
  };
  const valueOf = ({ event }: Delivery) => `${event.routingKey} ${Buffer.from(event.value).toString()}`;

  it('goes on behind messages without a value that others packed with more into one entry', async () => {
    const topic = `packed-${type}`;
    const last = { key: 'a', payload: '{"n":6}' };
    await aTopicOf(topic, { packed }, last, { packed: [{ key: 'a' }] }, { packed: [{ key: 'a' }, text] }, { packed });
    const { queue, consumer } = await queueOf(topic);
    const came: string[] = [];
    const wanted = [...EVENTS, 'a {"n":6}', 'a {"data":null}', 'a {"data":null}', EVENTS[2], ...EVENTS];
    while (came.length < wanted.length) {
      const deliveries = await consumer.receive(1, AbortSignal.timeout(30_000));
      if (deliveries.length === 0) break;
      came.push(...deliveries.map(valueOf));
      await consumer.ack(deliveries);
    }
    expect(promised(type, came)).toEqual(promised(type, wanted));
    await until('all to be acknowledged', () => outside.isDone(topic, 0, 'distributary.readers'));
    await queue.close();
  }, 120_000);

  it('is given all of such an entry again, here or elsewhere, until all of it is acknowledged', async () => {
    const topic = `refused-${type}`;
    await aTopicOf(topic, { packed });
    const first = await queueOf(topic);
    const held: Delivery[] = [];
    await fill(held, first.consumer);
    expect(held.map(valueOf)).toEqual(EVENTS);
    await first.consumer.nack([held[4]], 0);
    const [again] = await first.consumer.receive(1, AbortSignal.timeout(30_000));
    expect([valueOf(again), again.attempt]).toEqual([EVENTS[4], 2]);
    await first.consumer.ack([held[0], held[1], held[2], again]);
    await first.queue.close();

    const second = await queueOf(topic);
    const came: Delivery[] = [];
    await fill(came, second.consumer);
    expect(came.map(valueOf)).toEqual(EVENTS);
    await second.consumer.ack(came);
    await second.queue.close();
    const third = await queueOf(topic);
    expect(await third.consumer.receive(1, AbortSignal.timeout(3_000))).toEqual([]);
    await third.queue.close();
  }, 120_000);
});

it.each(['shared', 'key_shared'] as const)(
  'a %s subscription passes over a message that is larger than a frame, and counts it',
  async (type) => {
    const topic = `oversize-${type}`;
    const counted: string[] = [];
    const counter = (name: string) => ({ add: () => void counted.push(name) });
    const log = await harness.another({ metrics: { ...noMetrics, counter } });
    const value = (n: number) => ({ key: 'a', payload: `{"n":${n}}` });
    const part = 'x'.repeat(4.5 * 1024 ** 2);
    const piece = (id: string, number: number) => ({
      ...{ key: 'a', payload: part, chunk: { id, number, of: 3, bytes: 3 * part.length } },
    });
    await aTopicOf(topic, value(1), piece('one', 0), piece('one', 1), value(2), piece('one', 2), value(3));
    const came: string[] = [];
    const membership = await joined(log, topic, type, came);
    await until('all', () => new Set(came).size === 3, 40_000);
    await until('all to be acknowledged', () => outside.isDone(topic, 0, 'distributary.readers'), 20_000);
    expect(counted.filter((name) => name === 'broker_oversize_messages_total')).toHaveLength(1);
    expect(counted).not.toContain('broker_consumer_stalls_total');
    await membership.leave();
  },
  90_000,
);

describe('a lane that ends with what no reader is given', () => {
  const value = (n: number) => ({ key: 'a', payload: `{"n":${n}}` });
  const marker = { payload: '', marker: 21 };
  const piece = { payload: 'x', chunk: { id: 'part', number: 0, of: 2, bytes: 2 } };

  it('ends with the last event, for reads, tails and who asks', async () => {
    await aTopicOf('marked', value(1), marker, value(3), piece, marker);
    const [batch] = await harness.log.read(start('marked'), 10_000);
    expect(valuesOf(batch)).toEqual(['a {"n":1}', 'a {"n":3}']);
    const [{ last }] = await harness.log.ends('marked');
    expect(last).toBe(batch.lastPosition);
    expect(await harness.log.read({ ...start('marked'), after: last }, 10_000)).toEqual([]);
    const follower = new Follower(harness.log, { ...start('marked'), after: batch.positions.at(0) });
    await until('the last', () => follower.eventIds.length === 1, 20_000);
    await follower.stop();
  }, 60_000);

  it('has no event if there is nothing else', async () => {
    await aTopicOf('only-marked', marker, marker);
    const [{ beforeFirst, last }] = await harness.log.ends('only-marked');
    expect(last).toBe(beforeFirst);
    expect(await harness.log.read(start('only-marked'), 10_000)).toEqual([]);
  }, 60_000);

  it('is followed by a message without a value: a tail comes to it', async () => {
    await aTopicOf('marked-null', value(1), marker, { key: 'a' }, value(4));
    const follower = new Follower(harness.log, start('marked-null'));
    await until('all', () => follower.eventIds.length === 3, 20_000);
    await follower.stop();
  }, 60_000);
});
