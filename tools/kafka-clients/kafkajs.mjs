import { load } from './install.mjs';
import { pause, until, untilIdle } from './waiting.mjs';

export const VERSION = '2.2.4';
/** Long enough for a group of its own to be joined. */
const JOINED_WITHIN_MS = 3_000;

export async function kafkajs(brokers) {
  const { default: module } = await load('kafkajs', VERSION);
  const kafka = new module.Kafka({ brokers, logLevel: module.logLevel.NOTHING, retry: { retries: 5 } });
  let groups = 0;
  const groupOf = () => `kafkajs-${process.pid}-${Date.now()}-${groups++}`;

  async function consume(topic, from, onMessage, options = {}) {
    const consumer = kafka.consumer({ groupId: options.groupId ?? groupOf(), maxWaitTimeInMs: 50, ...options });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachMessage: ({ message }) => Promise.resolve(onMessage(message)) });
    if (from > 0) consumer.seek({ topic, partition: 0, offset: String(from) });
    return consumer;
  }

  return {
    name: `kafkajs ${VERSION}`,

    async producer(transactionalId) {
      const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      return {
        async transaction() {
          const transaction = await producer.transaction();
          return {
            send: (topic, values) =>
              transaction.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition: 0 })) }),
            commit: () => transaction.commit(),
            abort: () => transaction.abort(),
          };
        },
        close: () => producer.disconnect(),
      };
    },

    async read(topic, { from, maxBytes = 1_048_576, idleMs = 1_500 }) {
      const values = [];
      let changedMs = performance.now() + JOINED_WITHIN_MS - idleMs;
      const consumer = await consume(
        topic,
        from,
        ({ offset, value }) => {
          if (Number(offset) >= from) values.push(value.toString());
          changedMs = performance.now();
        },
        { maxBytesPerPartition: maxBytes, maxBytes },
      );
      await untilIdle(() => changedMs, idleMs);
      await consumer.disconnect();
      return values;
    },

    async joinAndFallSilent(groupId, topic) {
      let release = () => undefined;
      const held = new Promise((resolve) => (release = resolve));
      let first;
      // Heartbeats go out between messages only, and this one is never dealt with.
      const consumer = kafka.consumer({ groupId, sessionTimeout: 6_000, heartbeatInterval: 5_900 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachMessage: async ({ message }) => {
          first ??= message;
          await held;
        },
      });
      await until(() => first !== undefined, 'the first event');
      return {
        async commitInTransaction(transactionalId) {
          const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
          await producer.connect();
          try {
            const transaction = await producer.transaction();
            await transaction.sendOffsets({
              consumerGroupId: groupId,
              topics: [{ topic, partitions: [{ partition: 0, offset: String(Number(first.offset) + 1) }] }],
            });
            await transaction.commit();
          } finally {
            await producer.disconnect();
          }
        },
        async close() {
          release();
          await consumer.disconnect();
        },
      };
    },

    async follow(topic) {
      const values = [];
      let failure;
      const consumer = await consume(topic, 0, ({ value }) => values.push(value.toString()));
      consumer.on(consumer.events.CRASH, ({ payload }) => (failure = payload.error));
      return {
        values,
        get failure() {
          return failure;
        },
        close: () => consumer.disconnect(),
      };
    },

    async produce(topic, batches) {
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      for (const values of batches) {
        await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition: 0 })) });
      }
      await producer.disconnect();
    },

    async count(topic, expected) {
      let count = 0;
      let startedMs;
      const consumer = kafka.consumer({ groupId: groupOf(), maxWaitTimeInMs: 50 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        eachBatch: ({ batch }) => {
          startedMs ??= performance.now();
          count += batch.messages.length;
          return Promise.resolve();
        },
      });
      await until(() => count >= expected, `${expected} events`, 120_000);
      const seconds = (performance.now() - startedMs) / 1000;
      await consumer.disconnect();
      return seconds;
    },

    /** From `send` to the event's arrival, at a steady pace; milliseconds of each. */
    async latencies(topic, { perSecond, seconds }) {
      const found = [];
      const consumer = await consume(topic, 0, ({ value }) => found.push(performance.now() - Number(value.toString())));
      await pause(JOINED_WITHIN_MS);
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      await steadily(perSecond, seconds, (values) =>
        producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition: 0 })) }),
      );
      await until(() => found.length >= perSecond * seconds, 'every event');
      await producer.disconnect();
      await consumer.disconnect();
      return found;
    },
  };
}

/** What has become due since the last answer goes out as one batch. */
export async function steadily(perSecond, seconds, send) {
  const startMs = performance.now();
  for (let sent = 0; sent < perSecond * seconds;) {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - startMs) * perSecond) / 1000));
    if (due === sent) {
      await pause(1);
      continue;
    }
    const values = Array.from({ length: due - sent }, (_, index) =>
      String(startMs + ((sent + index) * 1000) / perSecond),
    );
    sent = due;
    await send(values);
  }
}
