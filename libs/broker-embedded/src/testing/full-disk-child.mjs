// Usage: node full-disk-child.mjs <directory> <sync>, under a limit on the size of files — appends until the operating
// system refuses, reopens, lets retention make room, appends again, and prints what it saw as JSON.
import { randomUUID } from 'node:crypto';
import { EmbeddedLog } from '../../dist/index.js';
import { clock } from './system-clock.mjs';

const [directory, sync] = process.argv.slice(2);
// Without a handler the signal that comes with the refusal would end the process.
process.on('SIGXFSZ', () => undefined);
const open = () => EmbeddedLog.open({ directory, sync, clock, ids: { uuid: randomUUID, random: Math.random } });
let log = await open();
await log.createTopic('orders', 1, { ms: 0, bytes: 0 });

const acknowledged = [];
const codes = new Set();
async function append(eventId) {
  const value = Buffer.from(JSON.stringify('x'.repeat(10_000)));
  const records = [{ eventId, timeMicros: 1, routingKey: 'key', attributes: {}, value }];
  try {
    await log.append([{ topic: 'orders', partition: 0, records }]);
    acknowledged.push(eventId);
    return true;
  } catch (error) {
    codes.add(error.code);
    return false;
  }
}
async function contents() {
  const eventIds = new Set();
  let after = (await log.ends('orders'))[0].beforeFirst;
  for (;;) {
    const batches = await log.read({ topic: 'orders', partition: 0, after }, 1024 * 1024);
    if (batches.length === 0) return eventIds;
    for (const batch of batches) for (const eventId of batch.eventIds) eventIds.add(eventId);
    after = batches.at(-1).lastPosition;
  }
}
const missing = async () => {
  const present = await contents();
  return acknowledged.filter((eventId) => !present.has(eventId)).length;
};

for (let number = 0, refused = 0; refused < 5; number++) if (!(await append(`event-${number}`))) refused++;
const seen = { acknowledged: acknowledged.length, codes: [...codes], missing: await missing() };
await log.close();
log = await open();
seen.missingAfterReopen = await missing();
await log.setRetention('orders', { ms: 0, bytes: 1_000_000 });
await log.enforceRetention();
seen.keptBytes = (await log.ends('orders'))[0].bytes;
seen.appendedLater = 0;
for (let number = 0; number < 50; number++) if (await append(`later-${number}`)) seen.appendedLater++;
await log.close();
process.stdout.write(JSON.stringify(seen));
