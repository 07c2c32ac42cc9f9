import { randomUUID } from 'node:crypto';
import { answered, numberOf, optionsOf } from '@distributary/bench';
import { CASES } from './cases.mjs';
import { load } from './install.mjs';
import { kafkaLog } from './kafka-log.mjs';
import { kafkajs, VERSION } from './kafkajs.mjs';
import { ownReader } from './own-reader.mjs';
import { platformatic } from './platformatic.mjs';
import { percentile } from './waiting.mjs';

/**
 * Which client of Kafka can keep our promises? `npm run stack:up kafka`, then `node tools/kafka-clients/main.mjs`.
 * Each candidate goes through the same cases against the same broker, and then takes the same load; so does our adapter
 * that was made of them (`npm run build` first).
 */
const USAGE = `node tools/kafka-clients/main.mjs [options]

  --brokers LIST   (127.0.0.1:19092)
  --events N       of the load (300000)
  --no-load, --no-cases
  --only TEXT      candidates with this in their name
  --json           the outcomes as JSON`;
let options;
const code = await answered(USAGE, process.argv.slice(2), (args) => {
  options = optionsOf(args, {
    brokers: { type: 'string', default: '127.0.0.1:19092' },
    events: { type: 'string', default: '300000' },
    'no-load': { type: 'boolean', default: false },
    'no-cases': { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  });
  numberOf('events', options.events);
  return 0;
});
if (options === undefined) process.exit(code);
const brokers = options.brokers.split(',');
const EVENT_BYTES = 200;
const BATCH = 1_000;
const PACE = { perSecond: 5_000, seconds: 5 };

const { default: module } = await load('kafkajs', VERSION);
const kafka = new module.Kafka({ brokers, logLevel: module.logLevel.NOTHING });
const admin = kafka.admin();
const plain = kafka.producer();
await Promise.all([admin.connect(), plain.connect()]);

const newName = () => `c-${randomUUID()}`;
const createTopic = (topic) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
const newTopic = async () => {
  const topic = newName();
  await createTopic(topic);
  return topic;
};
const messagesOf = (values) => values.map((value) => ({ value, partition: 0 }));
const write = (topic, values) => plain.send({ topic, acks: -1, messages: messagesOf(values) });
const transactional = kafka.producer({ transactionalId: newName(), idempotent: true, maxInFlightRequests: 1 });
await transactional.connect();
const begin = async () => {
  const transaction = await transactional.transaction();
  return {
    send: (topic, values) => transaction.send({ topic, acks: -1, messages: messagesOf(values) }),
    commit: () => transaction.commit(),
    abort: () => transaction.abort(),
  };
};
/** `batch`: values of one produce request. */
const transact = async (topic, values, end, batch = values.length) => {
  const transaction = await begin();
  for (let at = 0; at < values.length; at += batch) await transaction.send(topic, values.slice(at, at + batch));
  await transaction[end]();
};
const broker = {
  newName,
  newTopic,
  createTopic,
  deleteTopic: (topic) => admin.deleteTopics({ topics: [topic] }),
  write,
  begin,
  transact,
};

const results = [];
for (const open of [kafkajs, platformatic, ownReader, kafkaLog]) {
  const candidate = await open(brokers);
  if (!candidate.name.includes(options.only)) continue;
  const cases = [];
  for (const { what, check } of candidate.isLoadOnly || options['no-cases'] ? [] : CASES) {
    const failure = await check(candidate, broker).then(
      () => undefined,
      (error) => error.message.slice(0, 200),
    );
    cases.push({ what, passed: failure === undefined, ...(failure === undefined ? {} : { failure }) });
    if (!options.json)
      console.log(
        `${candidate.name}: ${failure === undefined ? 'ok  ' : 'FAIL'} ${what}${failure === undefined ? '' : `: ${failure}`}`,
      );
  }
  results.push({
    candidate: candidate.name,
    cases,
    ...(options['no-load'] ? {} : { load: await measured(candidate) }),
  });
}

async function measured(candidate) {
  const events = Number(options.events);
  const topic = await newTopic();
  const batches = Array.from({ length: events / BATCH }, () =>
    Array.from({ length: BATCH }, () => 'x'.repeat(EVENT_BYTES)),
  );
  const cpuSeconds = async (work) => {
    const before = process.cpuUsage();
    const startMs = performance.now();
    const seconds = await work();
    const { user, system } = process.cpuUsage(before);
    return { seconds: seconds ?? (performance.now() - startMs) / 1000, cpu: (user + system) / 1e6 };
  };
  const produced = await cpuSeconds(() => candidate.produce(topic, batches));
  const consumed = await cpuSeconds(() => candidate.count(topic, events));
  const producer = await candidate.producer(newName());
  const commits = [];
  for (let round = 0; round < 20; round++) {
    const startMs = performance.now();
    const transaction = await producer.transaction();
    await transaction.send(topic, ['one']);
    await transaction.commit();
    commits.push(performance.now() - startMs);
  }
  await producer.close();
  const latencies = await candidate.latencies(await newTopic(), PACE);
  const load = {
    'produced/s': Math.round(events / produced.seconds),
    'µs CPU each, produced': round((produced.cpu * 1e6) / events),
    'consumed/s': Math.round(events / consumed.seconds),
    'µs CPU each, consumed': round((consumed.cpu * 1e6) / events),
    'transaction ms, p50': round(percentile(commits, 0.5)),
    'latency ms, p50': round(percentile(latencies, 0.5)),
    'latency ms, p99': round(percentile(latencies, 0.99)),
  };
  if (!options.json) console.log(`${candidate.name}:`, JSON.stringify(load));
  return load;
}

function round(value) {
  return Math.round(value * 100) / 100;
}

await Promise.all([admin.disconnect(), plain.disconnect(), transactional.disconnect()]);
if (options.json) console.log(JSON.stringify(results, undefined, 2));
process.exit(0);
