// Usage: node libs/broker-embedded/bench/throughput.mjs [--sync fsync|commit] [--seconds 5]   (after a build)
//
//   this process ── append ──▶ log directory ◀── tail ── second process
//
// Prints events/s of 200 B events in batches of 100 with 16 appends under way; then, one event at a time at 500/s, the
// time from the call of append until a tail of this process, and one of a second process, has the event. Compare with
// another sync mode on the same machine; absolute figures are the disk's as much as the log's.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedLog } from '../dist/index.js';

const BATCH = 100;
const EVENT_BYTES = 200;
const WINDOW = 16;
const SINGLES = 1000;
const SINGLES_PER_SECOND = 500;

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
  `p50 ${percentile(values, 0.5).toFixed(2)} ms, p99 ${percentile(values, 0.99).toFixed(2)} ms (${values.length})`;

function anEvent(number, text) {
  const eventId = `event-${number}`;
  const attributes = { symbol: `SYM${number % 50}`, price: number % 1000, exchange: 'XNAS' };
  const value = Buffer.from(JSON.stringify({ event_id: eventId, ...attributes, text }).padEnd(EVENT_BYTES));
  return { eventId, timeMicros: clock.nowMicros(), routingKey: attributes.symbol, attributes, value };
}

async function latencies(log, onEvent) {
  const delays = [];
  for await (const batch of log.tail({ topic: 'single', partition: 0, after: '' }, { signal: onEvent.signal })) {
    const now = clock.nowMicros();
    for (let index = 0; index < batch.count; index++) delays.push((now - batch.timeMicrosAt(index)) / 1000);
    if (delays.length >= SINGLES) break;
  }
  return delays;
}

const [, , directoryOfParent] = process.argv;
const sync = option('sync', 'fsync');

if (process.send !== undefined) {
  const log = await EmbeddedLog.open({ directory: directoryOfParent, clock, ids, sync });
  // A tail does not keep a process alive.
  const alive = setInterval(() => {}, 1000);
  process.send('ready');
  process.send(await latencies(log, new AbortController()));
  await log.close();
  clearInterval(alive);
  process.disconnect();
} else {
  const directory = mkdtempSync(path.join(tmpdir(), 'embedded-bench-'));
  const log = await EmbeddedLog.open({ directory, clock, ids, sync });
  await log.createTopic('bulk', 4, { ms: 0, bytes: 0 });
  await log.createTopic('single', 1, { ms: 0, bytes: 0 });
  const { model } = cpus()[0];
  print(`${model}, ${cpus().length} cores, node ${process.version}, sync ${sync}`);

  const records = Array.from({ length: BATCH }, (_, number) => anEvent(number, 'x'));
  const run = async (ms) => {
    const endMs = performance.now() + ms;
    let events = 0;
    const worker = async (partition) => {
      while (performance.now() < endMs) {
        await log.append([{ topic: 'bulk', partition, records }]);
        events += BATCH;
      }
    };
    const startedMs = performance.now();
    const cpuBefore = process.cpuUsage();
    await Promise.all(Array.from({ length: WINDOW }, (_, index) => worker(index % 4)));
    const cpu = process.cpuUsage(cpuBefore);
    const seconds = (performance.now() - startedMs) / 1000;
    return { perSecond: events / seconds, perCpuSecond: events / ((cpu.user + cpu.system) / 1e6) };
  };
  await run(500);
  const { perSecond, perCpuSecond } = await run(1000 * Number(option('seconds', '5')));
  print(
    `append: ${Math.round(perSecond)} events/s, ${Math.round(perCpuSecond)} events per CPU second ` +
      `(${BATCH} × ${records[0].value.length} B a batch, ${WINDOW} under way, 4 lanes)`,
  );

  const reader = fork(import.meta.filename, [directory, '--sync', sync]);
  const messages = [];
  let wake = () => {};
  reader.on('message', (message) => (messages.push(message), wake()));
  const message = async () => {
    while (messages.length === 0) await new Promise((resolve) => (wake = resolve));
    return messages.shift();
  };
  await message();
  const own = latencies(log, new AbortController());
  const acknowledged = [];
  for (let number = 0; number < SINGLES; number++) {
    const startedMs = performance.now();
    await log.append([{ topic: 'single', partition: 0, records: [anEvent(number, 'x')] }]);
    acknowledged.push(performance.now() - startedMs);
    await new Promise((resolve) => setTimeout(resolve, 1000 / SINGLES_PER_SECOND));
  }
  print(`append to acknowledgement: ${shown(acknowledged)}`);
  print(`append to tail, same process: ${shown(await own)}`);
  print(`append to tail, second process: ${shown(await message())}`);
  await log.close();
  rmSync(directory, { recursive: true });
}
