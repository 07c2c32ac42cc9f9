import fs from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { EmbeddedLog } from '@distributary/broker-embedded';
import { KafkaLog } from '@distributary/broker-kafka';
import type { Log } from '@distributary/distribution-core';
import { keepShortLivedObjectsYoung, SystemClock, SystemIds } from '@distributary/distribution-nest';
import { serveParent } from '../child-program.js';
import { readWithKafkaJs, readWithPlatformatic } from './kafka-clients.js';
import { readIntoSegments } from './segments-reader.js';
import { VALUE_BYTES } from './tail-events.js';
import type { TailCommand, TailResult, TailSource } from './tail-messages.js';
import { TailMeter } from './tail-meter.js';

/** One reader of a log, in a process of its own. Groups of Kafka are new each time, so that it begins at the beginning. */
keepShortLivedObjectsYoung();
const clock = new SystemClock();
const ids = new SystemIds();
let reads = 0;

async function read(source: TailSource, meter: TailMeter): Promise<void> {
  const group = `tail-${source.by}-${process.pid}-${++reads}`;
  switch (source.by) {
    case 'embedded':
      return readLog(await EmbeddedLog.open({ directory: source.directory, clock, ids, sync: 'commit' }), meter);
    case 'distributary':
      return readLog(await KafkaLog.open({ brokers: source.brokers, clock, ids }), meter);
    case 'kafkajs':
      return readWithKafkaJs(source.brokers, group, meter);
    case 'platformatic':
      return readWithPlatformatic(source.brokers, group, meter);
  }
}

async function readLog(log: Log, meter: TailMeter): Promise<void> {
  try {
    await readIntoSegments(log, meter);
  } finally {
    await log.close();
  }
}

async function profiled(folder: string, name: string, work: () => Promise<void>): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, `${name}.cpuprofile`), JSON.stringify(profile));
  session.disconnect();
}

/** Read twice, and the first time not counted: a process that has slept compiles, and takes its memory, anew. */
serveParent<TailCommand, TailResult>(async ({ source, events, profileFolder }, answer) => {
  await read(source, new TailMeter(events, VALUE_BYTES));
  const meter = new TailMeter(events, VALUE_BYTES);
  const work = () => read(source, meter);
  if (profileFolder === undefined) await work();
  else await profiled(profileFolder, `tail-${source.by}`, work);
  answer(await meter.ended);
});
