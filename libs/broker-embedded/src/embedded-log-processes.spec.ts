import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Log } from '@distributary/distribution-core';
import { until } from '@distributary/distribution-core/testing';
import { aLogHarness, type EmbeddedHarness } from './testing/embedded-harness.js';

const CHILD = path.join(import.meta.dirname, 'testing', 'appending-child.mjs');
const FOREVER = { ms: 0, bytes: 0 };

/** Another process that appends; `acknowledged` is what it was told was safe: event id → its position's rank. */
class AppendingProcess {
  readonly acknowledged: { first: string; last: string; eventIds: string[] }[] = [];
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private rest = '';
  private complaints = '';

  constructor(directory: string, name: string, appends: number) {
    this.child = spawn(process.execPath, [CHILD, directory, name, String(appends)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'close');
    this.child.stdout?.on('data', (data: Buffer) => this.take(data.toString()));
    this.child.stderr?.on('data', (data: Buffer) => (this.complaints += data.toString()));
  }

  async killed(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async finished(): Promise<void> {
    await this.exited;
    if (this.child.exitCode !== 0) throw new Error(`the child ended with ${this.child.exitCode}: ${this.complaints}`);
  }

  check(): void {
    if (this.child.exitCode !== null)
      throw new Error(`the child ended with ${this.child.exitCode}: ${this.complaints}`);
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const [first, last, eventIds] = line.split(' ');
      this.acknowledged.push({ first, last, eventIds: eventIds.split(',') });
    }
  }
}

/** What is in lane 0 of `orders`, by position. */
async function contents(log: Log): Promise<Map<string, string>> {
  const events = new Map<string, string>();
  let after = '';
  for (;;) {
    const batches = await log.read({ topic: 'orders', partition: 0, after }, 1024 * 1024);
    if (batches.length === 0) return events;
    for (const batch of batches) {
      for (let index = 0; index < batch.count; index++) {
        const eventId = batch.eventIds[index];
        expect(JSON.parse(batch.valueAt(index).toString())).toMatchObject({ event_id: eventId });
        events.set(batch.positions.at(index), eventId);
      }
      after = batch.lastPosition;
    }
  }
}

describe('EmbeddedLog among processes', () => {
  let harness: EmbeddedHarness;
  const children: AppendingProcess[] = [];
  const start = (name: string, appends: number) => {
    const child = new AppendingProcess(harness.directory, name, appends);
    children.push(child);
    return child;
  };

  beforeEach(async () => {
    harness = await aLogHarness();
    await harness.log.createTopic('orders', 1, FOREVER);
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.killed()));
    await harness.dispose();
  });

  it('loses nothing that it acknowledged when a process is killed while it appends', async () => {
    const acknowledged: AppendingProcess['acknowledged'] = [];
    for (let round = 1; round <= 5; round++) {
      const child = start(`round${round}`, 0);
      await until('some acknowledgements', () => (child.check(), child.acknowledged.length >= 30 * round), 20_000);
      await child.killed();
      acknowledged.push(...child.acknowledged);
    }
    const another = await harness.another();
    const events = await contents(another);
    const places = new Map([...events].map(([position, eventId]) => [eventId, position]));
    for (const { first, last, eventIds } of acknowledged) {
      expect([places.get(eventIds[0]), places.get(eventIds[eventIds.length - 1])]).toEqual([first, last]);
      expect(eventIds.every((eventId) => places.has(eventId))).toBe(true);
    }
    const [ends] = await another.ends('orders');
    expect(ends.events).toBe(events.size);
    expect(places.size).toBe(events.size);
    await another.append([{ topic: 'orders', partition: 0, records: [event('after the crash')] }]);
    expect((await contents(harness.log)).size).toBe(events.size + 1);
  });

  it('lets several processes append to one lane, and tails all of it once and in order', async () => {
    const positions: string[] = [];
    const eventIds: string[] = [];
    const abort = new AbortController();
    const tailing = (async () => {
      const tail = harness.log.tail({ topic: 'orders', partition: 0, after: '' }, { signal: abort.signal });
      for await (const batch of tail) {
        eventIds.push(...batch.eventIds);
        for (let index = 0; index < batch.count; index++) positions.push(batch.positions.at(index));
      }
    })();
    const others = [start('one', 60), start('two', 60)];
    await Promise.all(others.map((other) => other.finished()));
    await until('everything', () => eventIds.length === 600);
    abort.abort();
    await tailing;
    expect(new Set(eventIds).size).toBe(600);
    expect(positions).toEqual([...new Set(positions)].sort());
    const places = new Map(eventIds.map((eventId, index) => [eventId, positions[index]]));
    for (const other of others) {
      for (const { first, eventIds: own } of other.acknowledged) expect(places.get(own[0])).toBe(first);
    }
  });

  it.each(['fsync', 'commit'])('answers a full disk with broker.unavailable and stays sound (%s)', async (sync) => {
    const child = path.join(import.meta.dirname, 'testing', 'full-disk-child.mjs');
    const directory = path.join(harness.directory, 'small');
    // A limit on the size of files is as good as a full disk, and needs no rights.
    const limited = ['-c', 'ulimit -f 6000; exec "$0" "$@"', process.execPath, child, directory, sync];
    const run = spawn('/bin/sh', limited, { stdio: ['ignore', 'pipe', 'ignore'] });
    const out: Buffer[] = [];
    run.stdout.on('data', (data: Buffer) => out.push(data));
    const [code] = (await once(run, 'close')) as [number];
    expect(code).toBe(0);
    const seen = JSON.parse(Buffer.concat(out).toString()) as Record<string, unknown>;
    expect(seen).toEqual({
      acknowledged: expect.any(Number),
      codes: ['broker.unavailable'],
      missing: 0,
      missingAfterReopen: 0,
      keptBytes: expect.any(Number),
      appendedLater: 50,
    });
    expect(seen.acknowledged).toBeGreaterThan(100);
    expect(seen.keptBytes).toBeLessThanOrEqual(1_000_000);
  });

  it('removes the bells of processes that were killed', async () => {
    const child = start('short', 0);
    await until('an acknowledgement', () => (child.check(), child.acknowledged.length > 0), 20_000);
    const bells = () => readdirSync(path.join(harness.directory, 'bells'));
    expect(bells()).toHaveLength(2);
    await child.killed();
    await harness.another();
    expect(bells().every((name) => name.startsWith(`${process.pid}-`))).toBe(true);
  });
});

const event = (eventId: string) => ({
  eventId,
  timeMicros: 0,
  routingKey: 'key',
  attributes: {},
  value: Buffer.from(JSON.stringify({ event_id: eventId })),
});
