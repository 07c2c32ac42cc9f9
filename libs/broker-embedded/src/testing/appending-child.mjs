// Usage: node appending-child.mjs <directory> <name> <appends> — appends to topic `orders`, lane 0, and prints one line
// per acknowledged append: `<first position> <last position> <event id>,…`. Appends for ever if <appends> is 0.
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { EmbeddedLog } from '../../dist/index.js';
import { clock } from './system-clock.mjs';

const [directory, name, count] = process.argv.slice(2);
const log = await EmbeddedLog.open({ directory, clock, ids: { uuid: randomUUID, random: Math.random } });

let next = 1;
async function appendOneAfterAnother() {
  for (let number = next++; Number(count) === 0 || number <= Number(count); number = next++) {
    const records = Array.from({ length: 5 }, (_, index) => {
      const eventId = `${name}-${number}-${index}`;
      const value = Buffer.from(JSON.stringify({ event_id: eventId, text: 'x'.repeat(500) }));
      return { eventId, timeMicros: clock.nowMicros(), routingKey: name, attributes: {}, value };
    });
    const [{ first, last }] = await log.append([{ topic: 'orders', partition: 0, records }]);
    writeSync(1, `${first} ${last} ${records.map((record) => record.eventId).join()}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, appendOneAfterAnother));
await log.close();
