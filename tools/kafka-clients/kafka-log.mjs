import { randomUUID } from 'node:crypto';
import { steadily } from './kafkajs.mjs';
import { pause, until } from './waiting.mjs';

const clock = {
  nowMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
  soon: (callback) => setImmediate(callback),
};

/** What was made of it: our adapter, built. It takes the load beside the candidates; its cases are its own tests. */
export async function kafkaLog(brokers) {
  const { KafkaLog } = await import('@distributary/broker-kafka');
  const { BEFORE_FIRST } = await import('@distributary/distribution-core');
  const open = () => KafkaLog.open({ brokers, clock, ids: { uuid: randomUUID, random: Math.random } });
  let events = 0;
  const recordsOf = (values) =>
    values.map((value) => ({
      eventId: `event-${events++}`,
      timeMicros: 1_750_000_000_000_000,
      routingKey: 'bench',
      attributes: {},
      value: Buffer.from(value),
    }));
  const to = (topic, values) => ({ topic, partition: 0, records: recordsOf(values) });

  function follow(log, topic, onBatch) {
    const abort = new AbortController();
    const reading = (async () => {
      const start = { topic, partition: 0, after: BEFORE_FIRST };
      for await (const batch of log.tail(start, { signal: abort.signal })) onBatch(batch);
    })();
    return {
      close: () => {
        abort.abort();
        return reading;
      },
    };
  }

  return {
    name: 'our KafkaLog',
    isLoadOnly: true,

    async producer() {
      const log = await open();
      return {
        async transaction() {
          let written;
          return {
            send: async (topic, values) => (written = to(topic, values)),
            async commit() {
              const [{ lane, last }] = await log.ends(written.topic);
              await log.append([written], { group: 'bench', positions: [{ ...lane, position: last }] });
            },
          };
        },
        close: () => log.close(),
      };
    },

    async produce(topic, batches) {
      const log = await open();
      for (const values of batches) await log.append([to(topic, values)]);
      await log.close();
    },

    async count(topic, expected) {
      const log = await open();
      let count = 0;
      let startedMs;
      const reader = follow(log, topic, (batch) => {
        startedMs ??= performance.now();
        count += batch.count;
      });
      await until(() => count >= expected, `${expected} events`, 120_000);
      const seconds = (performance.now() - startedMs) / 1000;
      await reader.close();
      await log.close();
      return seconds;
    },

    async latencies(topic, { perSecond, seconds }) {
      const log = await open();
      const found = [];
      const reader = follow(log, topic, (batch) => {
        const nowMs = performance.now();
        for (let index = 0; index < batch.count; index++) found.push(nowMs - Number(batch.valueAt(index)));
      });
      await pause(500);
      await steadily(perSecond, seconds, (values) => log.append([to(topic, values)]));
      await until(() => found.length >= perSecond * seconds, 'every event');
      await reader.close();
      await log.close();
      return found;
    },
  };
}
