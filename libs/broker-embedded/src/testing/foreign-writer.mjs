// Usage: node foreign-writer.mjs <directory> <topic> <id>=<base64>… — appends these bytes, an event each, to lane 0 of the
// topic in one append, as somebody does who knows nothing of our events.
import { randomUUID } from 'node:crypto';
import { EmbeddedLog } from '../../dist/index.js';
import { clock } from './system-clock.mjs';

const [directory, topic, ...payloads] = process.argv.slice(2);
const log = await EmbeddedLog.open({ directory, clock, ids: { uuid: randomUUID, random: Math.random } });
const records = payloads.map((payload) => {
  const split = payload.indexOf('=');
  return {
    eventId: payload.slice(0, split),
    timeMicros: clock.nowMicros(),
    routingKey: 'theirs',
    attributes: {},
    value: Buffer.from(payload.slice(split + 1), 'base64'),
  };
});
await log.append([{ topic, partition: 0, records }]);
await log.close();
