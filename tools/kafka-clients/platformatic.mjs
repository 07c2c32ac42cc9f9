import { load } from './install.mjs';
import { steadily } from './kafkajs.mjs';
import { pause, until, untilIdle } from './waiting.mjs';

export const VERSION = '1.35.0';

export async function platformatic(brokers) {
  const module = await load('@platformatic/kafka', VERSION);
  const { Consumer, Producer, stringSerializers, stringDeserializers } = module;
  const base = { clientId: 'conformance', bootstrapBrokers: brokers };
  let groups = 0;
  const groupOf = () => `platformatic-${process.pid}-${Date.now()}-${groups++}`;
  const consumerOf = (options = {}) =>
    new Consumer({
      ...base,
      groupId: options.groupId ?? groupOf(),
      deserializers: stringDeserializers,
      isolationLevel: 1,
      maxWaitTime: 50,
      autocommit: false,
      ...options,
    });
  const producerOf = (options = {}) =>
    new Producer({ ...base, serializers: stringSerializers, idempotent: true, ...options });
  const messagesOf = (topic, values) => values.map((value) => ({ topic, partition: 0, value }));

  return {
    name: `@platformatic/kafka ${VERSION}`,

    async producer(transactionalId) {
      const producer = producerOf({ transactionalId });
      return {
        async transaction() {
          const transaction = await producer.beginTransaction();
          return {
            send: (topic, values) => transaction.send({ messages: messagesOf(topic, values) }),
            commit: () => transaction.commit(),
            abort: () => transaction.abort(),
          };
        },
        close: () => producer.close(true),
      };
    },

    async read(topic, { from, maxBytes = 1_048_576, idleMs = 1_500 }) {
      const consumer = consumerOf({ maxBytes, maxBytesPerPartition: maxBytes });
      const values = [];
      let changedMs = performance.now() + 500;
      let failure;
      const offsets = [{ topic, partition: 0, offset: BigInt(from) }];
      const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets });
      stream.on('data', ({ value }) => {
        values.push(value);
        changedMs = performance.now();
      });
      stream.on('error', (error) => (failure = error));
      await untilIdle(() => (failure === undefined ? changedMs : 0), idleMs);
      await stream.close().catch(() => undefined);
      await consumer.close(true).catch(() => undefined);
      if (failure !== undefined) throw failure;
      return values;
    },

    /** Its heartbeats cannot be stopped, so it leaves, and goes on as the member that it was. */
    async joinAndFallSilent(groupId, topic) {
      const consumer = consumerOf({ groupId, sessionTimeout: 6_000, heartbeatInterval: 2_000 });
      let first;
      const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' });
      stream.on('error', () => undefined);
      stream.on('data', (message) => (first ??= message));
      await until(() => first !== undefined, 'the first event');
      const { generationId, memberId, coordinatorId } = consumer;
      const asItWas = { groupId, generationId, memberId, coordinatorId };
      await stream.close();
      await consumer.close(true);
      return {
        async commitInTransaction(transactionalId) {
          const producer = producerOf({ transactionalId, retries: 0 });
          try {
            const transaction = await producer.beginTransaction();
            await transaction.addConsumer(asItWas);
            await transaction.addOffset({
              topic,
              partition: 0,
              offset: first.offset,
              metadata: { ...first.metadata, consumer: asItWas },
            });
            await transaction.commit();
          } finally {
            await producer.close(true).catch(() => undefined);
          }
        },
        close: () => Promise.resolve(),
      };
    },

    async follow(topic) {
      const consumer = consumerOf();
      const values = [];
      let failure;
      const offsets = [{ topic, partition: 0, offset: 0n }];
      const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets });
      stream.on('data', ({ value }) => values.push(value));
      stream.on('error', (error) => (failure = error));
      return {
        values,
        get failure() {
          return failure;
        },
        async close() {
          await stream.close().catch(() => undefined);
          await consumer.close(true).catch(() => undefined);
        },
      };
    },

    async produce(topic, batches) {
      const producer = producerOf();
      for (const values of batches) await producer.send({ acks: -1, messages: messagesOf(topic, values) });
      await producer.close(true);
    },

    async count(topic, expected) {
      const consumer = consumerOf();
      let count = 0;
      let startedMs;
      const offsets = [{ topic, partition: 0, offset: 0n }];
      const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets });
      stream.on('data', () => {
        startedMs ??= performance.now();
        count++;
      });
      await until(() => count >= expected, `${expected} events`, 120_000);
      const seconds = (performance.now() - startedMs) / 1000;
      await stream.close();
      await consumer.close(true);
      return seconds;
    },

    async latencies(topic, { perSecond, seconds }) {
      const consumer = consumerOf();
      const found = [];
      const offsets = [{ topic, partition: 0, offset: 0n }];
      const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets });
      stream.on('data', ({ value }) => found.push(performance.now() - Number(value)));
      await pause(500);
      const producer = producerOf();
      await steadily(perSecond, seconds, (values) => producer.send({ acks: -1, messages: messagesOf(topic, values) }));
      await until(() => found.length >= perSecond * seconds, 'every event');
      await producer.close(true);
      await stream.close();
      await consumer.close(true);
      return found;
    },
  };
}
