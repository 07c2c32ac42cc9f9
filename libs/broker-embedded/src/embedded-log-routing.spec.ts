import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { partitionOf } from '@distributary/distribution-core';
import { anEvent, until } from '@distributary/distribution-core/testing';
import { aLogHarness } from './testing/embedded-harness.js';

const CHILD = path.join(import.meta.dirname, 'testing', 'routing-child.mjs');

/*
 *   this process ──append──▶ theirs#0, theirs#1 ──▶ router (a process, killed again and again) ──▶ ours#0, ours#1
 */
describe('a router whose process is killed', () => {
  const children: ChildProcess[] = [];
  afterEach(() => children.forEach((child) => child.kill('SIGKILL')));

  it('loses no copy and makes none twice', async () => {
    const harness = await aLogHarness();
    const { log } = harness;
    for (const name of ['theirs', 'ours']) await log.createTopic(name, 2, { ms: 0, bytes: 0 });
    const route = async () => {
      const child = spawn(process.execPath, [CHILD, harness.directory], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      await once(child.stdout, 'data');
      return child;
    };
    const ids: string[] = [];
    const write = async () => {
      const records = Array.from({ length: 20 }, (_, n) => {
        const eventId = `e${ids.length + n}`;
        return anEvent({
          eventId,
          routingKey: `k${(ids.length + n) % 7}`,
          value: { event_id: eventId, text: 'x'.repeat(200) },
        });
      });
      const partitions = [0, 1].map((partition) => ({
        topic: 'theirs',
        partition,
        records: records.filter(({ routingKey }) => partitionOf(routingKey, 2) === partition),
      }));
      await log.append(partitions.filter(({ records: own }) => own.length > 0));
      ids.push(...records.map(({ eventId }) => eventId));
    };
    const copies = async () => {
      const ends = await log.ends('ours');
      return ends.reduce((sum, { events }) => sum + events, 0);
    };
    for (let round = 0; round < 5; round++) {
      const child = await route();
      const before = await copies();
      // Killed in the midst of it: while this process goes on writing and something has been routed.
      await until('some copies', async () => (await write(), (await copies()) > before), 20_000);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await write();
    }
    await route();
    await until('all copies', async () => (await copies()) >= ids.length, 20_000);
    const found: string[] = [];
    for (const partition of [0, 1]) {
      for (const batch of await log.read({ topic: 'ours', partition, after: '' }, 1e9)) found.push(...batch.eventIds);
    }
    expect(found).toHaveLength(ids.length);
    expect(new Set(found)).toEqual(new Set(ids));
    children.forEach((child) => child.kill('SIGKILL'));
    await harness.dispose();
  }, 60_000);
});
