// Usage: node libs/broker-pulsar/bench/throughput.mjs [--url http://127.0.0.1:18180] [--events 20000] [--seconds 10] [--rate 500]
// (after a build, with a Pulsar of `npm run stack:up pulsar`)
//
//   this process ── append ──▶ one topic, 4 lanes ◀── tail ── this process
//
// Prints events/s of 200 B events written in appends of 100 and read back, also per CPU second of this process; then, at a
// steady rate in appends of 1, the time from the call of append until it is confirmed, and until the tail has the event.
// Client and broker share the machine: absolute figures are the machine's.
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { PulsarLog } from '../dist/index.js';

const LANES = 4;
const BATCH = 100;
const EVENT_BYTES = 200;
const WINDOW = 16;

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
const option = (name, fallback) => {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? fallback : process.argv[place + 1];
};
const print = (line) => process.stdout.write(`${line}\n`);
const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
const shown = (values) =>
  `p50 ${percentile(values, 0.5).toFixed(2)} ms, p99 ${percentile(values, 0.99).toFixed(2)} ms, ` +
  `max ${percentile(values, 0.99999).toFixed(1)} ms (${values.length})`;

const total = Number(option('events', '20000'));
const seconds = Number(option('seconds', '10'));
const rate = Number(option('rate', '500'));
const log = await PulsarLog.open({
  url: option('url', 'http://127.0.0.1:18180'),
  clock,
  ids: { uuid: randomUUID, random: Math.random },
  namespace: `bench-${randomUUID()}`,
  compression: option('compression', 'lz4'),
  timeoutMs: 60_000,
});

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
    const start = { topic, partition, after: '' };
    for await (const batch of log.tail(start, { signal: abort.signal, maxBatchBytes: 1 << 20 })) {
      onBatch(batch);
      seen += batch.count;
      if (seen >= expected) abort.abort();
    }
  });
  await Promise.all(tails);
  return seen;
}

print(`${cpus()[0].model}, ${cpus().length} cores, node ${process.version}`);
await log.createTopic('bulk', LANES, { ms: 0, bytes: 0 });
let written = 0;
const writer = async (worker) => {
  while (written < total) {
    written += BATCH;
    const records = Array.from({ length: BATCH }, (_, index) => anEvent(written + index));
    await log.append([{ topic: 'bulk', partition: worker % LANES, records }]);
  }
};
for (let round = 1; round <= 3; round++) {
  const before = written;
  await measured(`append, round ${round} (${BATCH} × ${EVENT_BYTES} B, ${WINDOW} under way)`, async () => {
    written = 0;
    await Promise.all(Array.from({ length: WINDOW }, (_, worker) => writer(worker)));
    return written;
  });
  written += before;
}
for (let round = 1; round <= 3; round++) await measured(`tail, round ${round}`, () => tailAll('bulk', written));

await log.createTopic('steady', LANES, { ms: 0, bytes: 0 });
const events = rate * seconds;
const seen = [];
const tail = tailAll('steady', events, (batch) => {
  const now = clock.nowMicros();
  for (let index = 0; index < batch.count; index++) seen.push((now - batch.timeMicrosAt(index)) / 1000);
});
const acknowledged = [];
const startedMs = performance.now();
for (let sent = 0; sent < events; sent++) {
  const dueMs = startedMs + (sent / rate) * 1000;
  while (performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, 1));
  const calledMs = performance.now();
  void log
    .append([{ topic: 'steady', partition: sent % LANES, records: [anEvent(sent)] }])
    .then(() => acknowledged.push(performance.now() - calledMs));
}
await tail;
print(`${rate} events/s for ${seconds} s, appends of 1`);
print(`  append to confirmation: ${shown(acknowledged)}`);
print(`  append to tail:         ${shown(seen)}`);
for (const { name } of await log.listTopics()) await log.deleteTopic(name);
await log.close();
