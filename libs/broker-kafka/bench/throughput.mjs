// Usage: node libs/broker-kafka/bench/throughput.mjs [--brokers 127.0.0.1:19092] [--events 500000] [--seconds 10]
// (after a build, with a broker of `npm run stack:up kafka`)
//
//   this process ── append ──▶ one topic, 4 lanes ◀── tail ── this process
//                                               ◀── eachBatch of kafkajs
//
// Prints events/s of 200 B events written in batches of 100; events/s and per CPU second of reading them back, by our tail
// and by kafkajs' eachBatch in turns; then, at 5,000 events/s in appends of 10, the time from the call of append until the
// tail, and kafkajs, has the event. Client and broker share the machine: absolute figures are the machine's.
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaLog } from '../dist/index.js';

const LANES = 4;
const BATCH = 100;
const EVENT_BYTES = 200;
const WINDOW = 16;
const PER_SECOND = 5000;
const PER_APPEND = 10;

const clock = {
  nowMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (callback) => setImmediate(callback),
};
const ids = { uuid: randomUUID, random: Math.random };
const option = (name, fallback) => {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? fallback : process.argv[place + 1];
};
const print = (line) => process.stdout.write(`${line}\n`);
const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
const shown = (values) =>
  `p50 ${percentile(values, 0.5).toFixed(2)} ms, p99 ${percentile(values, 0.99).toFixed(2)} ms, ` +
  `max ${percentile(values, 0.99999).toFixed(1)} ms (${values.length})`;

const brokers = option('brokers', '127.0.0.1:19092').split(',');
const prefix = `bench-${randomUUID()}.`;
const log = await KafkaLog.open({ brokers, clock, ids, prefix, compression: option('compression', 'none') });
const client = new Kafka({ brokers, clientId: 'bench', logLevel: logLevel.NOTHING });
const total = Number(option('events', '500000'));
const seconds = Number(option('seconds', '10'));

function anEvent(number) {
  const attributes = { symbol: `SYM${number % 50}`, price: number % 1000, exchange: 'XNAS' };
  const eventId = randomUUID();
  const value = Buffer.from(JSON.stringify({ event_id: eventId, ...attributes }).padEnd(EVENT_BYTES));
  return { eventId, timeMicros: clock.nowMicros(), routingKey: attributes.symbol, attributes, value };
}

async function measured(what, run) {
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const events = await run();
  const elapsed = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const perCpuSecond = events / ((cpu.user + cpu.system) / 1e6);
  print(`${what}: ${Math.round(events / elapsed)} events/s, ${Math.round(perCpuSecond)} per CPU second (${events})`);
}

/** Every lane from its begin, until all have been seen. */
async function tailAll(topic, expected, onBatch = () => {}) {
  const abort = new AbortController();
  let seen = 0;
  const tails = Array.from({ length: LANES }, async (_, partition) => {
    for await (const batch of log.tail(
      { topic, partition, after: '' },
      { signal: abort.signal, maxBatchBytes: 1 << 20 },
    )) {
      onBatch(batch);
      seen += batch.count;
      if (seen >= expected) abort.abort();
    }
  });
  await Promise.all(tails);
  return seen;
}

async function eachBatch(topic, expected, onBatch = () => {}, onReady = () => {}) {
  const consumer = client.consumer({
    groupId: `${prefix}${randomUUID()}`,
    maxWaitTimeInMs: 200,
    readUncommitted: false,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [prefix + topic], fromBeginning: true });
  let seen = 0;
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.GROUP_JOIN, onReady);
    consumer
      .run({
        autoCommit: false,
        partitionsConsumedConcurrently: LANES,
        eachBatch: async ({ batch }) => {
          onBatch(batch);
          seen += batch.messages.length;
          if (seen >= expected) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return seen;
}

print(`${cpus()[0].model}, ${cpus().length} cores, node ${process.version}`);
await log.createTopic('bulk', LANES, { ms: 0, bytes: 0 });
const pool = Array.from({ length: 10 * BATCH }, (_, number) => anEvent(number));
let written = 0;
const writer = async (worker) => {
  while (written < total) {
    written += BATCH;
    const from = (written % pool.length) - (written % BATCH);
    await log.append([{ topic: 'bulk', partition: worker % LANES, records: pool.slice(from, from + BATCH) }]);
  }
};
await measured(`append (${BATCH} × ${pool[0].value.length} B, ${WINDOW} under way)`, async () => {
  await Promise.all(Array.from({ length: WINDOW }, (_, worker) => writer(worker)));
  return written;
});
for (let round = 1; round <= 3; round++) {
  await measured(`tail, round ${round}`, () => tailAll('bulk', written));
  await measured(`kafkajs eachBatch, round ${round}`, () => eachBatch('bulk', written));
}

await log.createTopic('steady', LANES, { ms: 0, bytes: 0 });
const events = PER_SECOND * seconds;
const ours = [];
const theirs = [];
const tail = tailAll('steady', events, (batch) => {
  const now = clock.nowMicros();
  for (let index = 0; index < batch.count; index++) ours.push((now - batch.timeMicrosAt(index)) / 1000);
});
let ready = () => {};
const joined = new Promise((resolve) => (ready = resolve));
const consumed =
  option('alone', '') === ''
    ? eachBatch(
        'steady',
        events,
        (batch) => {
          const now = clock.nowMicros();
          for (const { headers } of batch.messages) theirs.push((now - headers.dx.readDoubleBE(1)) / 1000);
        },
        () => ready(),
      )
    : ready();
await joined;
const acknowledged = [];
const startedMs = performance.now();
for (let sent = 0; sent < events; sent += PER_APPEND) {
  const dueMs = startedMs + (sent / PER_SECOND) * 1000;
  while (performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, 1));
  const calledMs = performance.now();
  const records = Array.from({ length: PER_APPEND }, (_, index) => anEvent(sent + index));
  void log
    .append([{ topic: 'steady', partition: (sent / PER_APPEND) % LANES, records }])
    .then(() => acknowledged.push(performance.now() - calledMs));
}
await Promise.all([tail, consumed]);
print(`${PER_SECOND} events/s for ${seconds} s, appends of ${PER_APPEND}`);
print(`  append to acknowledgement: ${shown(acknowledged)}`);
print(`  append to tail:            ${shown(ours)}`);
if (theirs.length > 0) print(`  append to kafkajs:         ${shown(theirs)}`);
for (const { name } of await log.listTopics()) await log.deleteTopic(name);
await log.close();
