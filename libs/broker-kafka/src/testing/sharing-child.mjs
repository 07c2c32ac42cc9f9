// Usage: node sharing-child.mjs <brokers> <prefix> <pause before an acknowledgement, ms>
// Takes part in the subscription `reports` of `orders`, and prints a line for each thing that happens:
// `got <ms> <event id> <lane>`, `acked <ms> <event id>…`, `refused <ms> <code> <event id>…`.
import { randomUUID } from 'node:crypto';
import { KafkaLog, KafkaQueue } from '@distributary/broker-kafka';

const [brokers, prefix, pauseMs] = process.argv.slice(2);
const clock = {
  nowMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (callback) => setImmediate(callback),
};
const shared = { brokers: [brokers], prefix, clock, ids: { uuid: randomUUID, random: Math.random } };
const nowMs = () => Math.round(performance.timeOrigin + performance.now());
const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);

const log = await KafkaLog.open(shared);
const queue = new KafkaQueue({ ...shared, log });
const consumer = await queue.subscribe('reports', {
  topics: ['orders'],
  type: 'key_shared',
  start: 'earliest',
  ackTimeoutMs: 60_000,
  maxAttempts: 5,
  maxUnacked: 100,
});
say('joined', nowMs());
for (;;) {
  const deliveries = await consumer.receive(100);
  if (deliveries.length === 0) break;
  for (const { event, at } of deliveries) say('got', nowMs(), event.eventId, at.partition);
  const ids = deliveries.map(({ event }) => event.eventId);
  if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
  await consumer.ack(deliveries).then(
    () => say('acked', nowMs(), ...ids),
    (error) => say('refused', nowMs(), error.code, ...ids),
  );
}
