import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DistributionError, type Metrics } from '@distributary/distribution-core';
import { events, FakeClock, until } from '@distributary/distribution-core/testing';
import { open } from 'lmdb';
import { EmbeddedLog } from './embedded-log.js';
import { aLogHarness, type EmbeddedHarness, ids } from './testing/embedded-harness.js';

const FOREVER = { ms: 0, bytes: 0 };

const append = (log: EmbeddedLog, count: number, bytesEach: number, prefix = 'event') =>
  log.append([{ topic: 'orders', partition: 0, records: events(count, prefix, { value: 'x'.repeat(bytesEach) }) }]);

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: DistributionError) => error.code,
  );

describe('EmbeddedLog at its limits', () => {
  let harness: EmbeddedHarness;
  afterEach(() => harness.dispose());

  it('keeps its file flat while retention removes as much as comes, with a reader in tow', async () => {
    harness = await aLogHarness({ sync: 'commit' });
    await harness.log.createTopic('orders', 1, { ms: 0, bytes: 1024 * 1024 });
    const abort = new AbortController();
    let read = 0;
    const tailing = (async () => {
      const tail = harness.log.tail({ topic: 'orders', partition: 0, after: '' }, { signal: abort.signal });
      for await (const batch of tail) read += batch.count;
    })();
    const fileBytes = () => statSync(path.join(harness.directory, 'data.mdb')).size;
    const fill = async () => {
      for (let round = 0; round < 200; round++) {
        await append(harness.log, 20, 1000);
        await until('the reader', async () => read % 20 === 0);
      }
    };
    await fill();
    const early = fileBytes();
    await fill();
    await fill();
    expect(fileBytes()).toBeLessThanOrEqual(early * 1.25);
    expect(early).toBeLessThan(6 * 1024 * 1024);
    await until('the reader', () => read === 12_000);
    abort.abort();
    await tailing;
    expect((await harness.log.ends('orders'))[0].bytes).toBeLessThanOrEqual(1024 * 1024);
  });

  it('refuses appends when it is full, stays sound, and takes them again when there is room', async () => {
    harness = await aLogHarness({ mapSizeBytes: 500_000 });
    await harness.log.createTopic('orders', 1, FOREVER);
    let stored = 0;
    for (;;) {
      const code = await codeOf(append(harness.log, 10, 2000));
      if (code !== 'no error') {
        expect(code).toBe('broker.unavailable');
        break;
      }
      stored += 10;
    }
    expect(stored).toBeGreaterThan(150);
    expect((await harness.log.ends('orders'))[0].events).toBe(stored);
    // What takes no room is still taken.
    await harness.log.commit({ group: 'readers', positions: [] });
    await harness.log.setRetention('orders', { ms: 0, bytes: 100_000 });
    await harness.log.enforceRetention();
    expect(await codeOf(append(harness.log, 10, 2000, 'later'))).toBe('no error');
  });

  it('refuses appends while too little of the disk is free, and takes what needs no room', async () => {
    harness = await aLogHarness({ minFreeDiskBytes: Number.MAX_SAFE_INTEGER });
    await harness.log.createTopic('orders', 1, FOREVER);
    expect(await codeOf(append(harness.log, 1, 10))).toBe('broker.unavailable');
    await harness.log.commit({ group: 'readers', positions: [] });
    expect(await harness.log.read({ topic: 'orders', partition: 0, after: '' }, 1)).toEqual([]);
  });

  it('gives the room of a deleted topic back', async () => {
    harness = await aLogHarness({ mapSizeBytes: 500_000 });
    await harness.log.createTopic('orders', 2, FOREVER);
    while ((await codeOf(append(harness.log, 10, 2000))) === 'no error');
    await harness.log.deleteTopic('orders');
    await harness.log.createTopic('orders', 1, FOREVER);
    await harness.log.enforceRetention();
    expect(await codeOf(append(harness.log, 100, 2000))).toBe('no error');
    expect((await harness.log.ends('orders'))[0].events).toBe(100);
  });

  it('splits a long append into records that are read one by one', async () => {
    harness = await aLogHarness();
    await harness.log.createTopic('orders', 1, FOREVER);
    await append(harness.log, 2000, 1000);
    const batches = await harness.log.read({ topic: 'orders', partition: 0, after: '' }, 1);
    expect(batches).toHaveLength(1);
    expect(batches[0].byteLength).toBeLessThan(400_000);
    const most = await harness.log.read({ topic: 'orders', partition: 0, after: '' }, 100 * 1024 * 1024);
    expect(most.reduce((sum, batch) => sum + batch.byteLength, 0)).toBeLessThan(1.5 * 1024 * 1024);
  });

  it('sweeps by itself, one check after another', async () => {
    harness = await aLogHarness({ retentionCheckMs: 1000 });
    await harness.log.createTopic('orders', 1, { ms: 5000, bytes: 0 });
    for (let round = 0; round < 3; round++) {
      await append(harness.log, 5, 10);
      // Step by step: a check that is under way does not begin another.
      await until('the sweep', async () => {
        harness.clock.advance(1000);
        return (await harness.log.ends('orders'))[0].events === 0;
      });
    }
    // Past the time at which stale readers are looked for.
    harness.clock.advance(20_000);
    expect(await codeOf(append(harness.log, 1, 10))).toBe('no error');
  });

  it('sweeps at once when retention is shortened, even while a sweep is under way', async () => {
    harness = await aLogHarness();
    await harness.log.createTopic('orders', 1, FOREVER);
    for (let round = 0; round < 200; round++) await append(harness.log, 1, 500);
    const sweeping = harness.log.enforceRetention();
    await harness.log.setRetention('orders', { ms: 0, bytes: 10_000 });
    await sweeping;
    await until('the sweep', async () => {
      harness.clock.advance(0);
      return (await harness.log.ends('orders'))[0].bytes <= 10_000;
    });
  });

  it('refuses a directory of another format, and leaves it as it is', async () => {
    harness = await aLogHarness();
    const directory = mkdtempSync(path.join(tmpdir(), 'embedded-format-'));
    const root = open({ path: directory, noSubdir: false, overlappingSync: false });
    await root.openDB({ name: 'meta', encoding: 'msgpack' }).put(['format'], 2);
    await root.close();
    const { clock } = harness;
    for (let attempt = 0; attempt < 2; attempt++) {
      const opening = EmbeddedLog.open({ directory, clock, ids });
      await expect(opening).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('format 2; this build reads format 1'),
      });
    }
    rmSync(directory, { recursive: true });
  });

  it('says why it cannot open a directory', async () => {
    harness = await aLogHarness();
    const { clock } = harness;
    const notFolders = ['data.mdb/inside', 'with-bells'];
    writeFileSync(path.join(mkdirOf(harness.directory, 'with-bells'), 'bells'), 'not a folder');
    for (const name of notFolders) {
      const directory = path.join(harness.directory, name);
      await expect(EmbeddedLog.open({ directory, clock, ids })).rejects.toMatchObject({
        code: 'broker.unavailable',
        message: expect.stringContaining(directory),
      });
    }
  });

  it('refuses names that the store cannot keep', async () => {
    harness = await aLogHarness();
    for (const name of ['', 'a\0b', 'x'.repeat(600)]) {
      expect(await codeOf(harness.log.createTopic(name, 1, FOREVER))).toBe('request.invalid');
      expect(await codeOf(harness.log.commit({ group: name, positions: [] }))).toBe('request.invalid');
    }
  });

  it('tells the tails of a topic that another process deleted, though it was asked for that topic before', async () => {
    harness = await aLogHarness();
    await harness.log.createTopic('orders', 1, FOREVER);
    const abort = new AbortController();
    const tail = harness.log.tail({ topic: 'orders', partition: 0, after: '' }, { signal: abort.signal });
    const ended = codeOf(tail.next());
    const other = await harness.another();
    await other.deleteTopic('orders');
    // The cache knows before the bell rings.
    expect(await codeOf(harness.log.ends('orders'))).toBe('topic.not_found');
    expect(await ended).toBe('topic.not_found');
  });

  it('finds what another process appended when no bell rang', async () => {
    harness = await aLogHarness();
    await harness.log.createTopic('orders', 1, FOREVER);
    const tail = harness.log.tail(
      { topic: 'orders', partition: 0, after: '' },
      { signal: AbortSignal.timeout(20_000) },
    );
    const next = tail.next();
    const other = await harness.another();
    rmSync(path.join(harness.directory, 'bells'), { recursive: true });
    await append(other, 1, 10);
    const seen = await until('the event', async () => {
      harness.clock.advance(1000);
      return Promise.race([next, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
    });
    expect(seen.done).toBe(false);
  });

  it('refuses positions that it has not given yet', async () => {
    harness = await aLogHarness();
    await harness.log.createTopic('orders', 1, FOREVER);
    expect(await codeOf(harness.log.read({ topic: 'orders', partition: 0, after: '15' }, 1))).toBe('position.lost');
  });

  it('never stamps an event earlier than the one before it, though the clock goes back', async () => {
    harness = await aLogHarness();
    await harness.log.createTopic('orders', 1, FOREVER);
    harness.clock.advance(10_000);
    await append(harness.log, 1, 10);
    const earlier = await EmbeddedLog.open({ directory: harness.directory, clock: new FakeClock(), ids });
    await append(earlier, 1, 10);
    await earlier.close();
    const [first, second] = await harness.log.read({ topic: 'orders', partition: 0, after: '' }, 10_000);
    expect(second.appendedMicros).toBe(first.appendedMicros);
  });

  it('counts what it does', async () => {
    const figures = new Map<string, number>();
    const record = (name: string) => {
      figures.set(name, 0);
      const add = (amount = 1) => figures.set(name, (figures.get(name) ?? 0) + amount);
      return { add, set: (value: number) => figures.set(name, value), observe: () => add() };
    };
    const metrics: Metrics = { counter: record, gauge: record, histogram: record };
    harness = await aLogHarness({ metrics });
    await harness.log.createTopic('orders', 1, { ms: 1000, bytes: 0 });
    await append(harness.log, 3, 100);
    await harness.log.read({ topic: 'orders', partition: 0, after: '' }, 10_000);
    await harness.letTimePass(2000);
    expect(Object.fromEntries(figures)).toEqual({
      broker_appended_events_total: 3,
      broker_appended_bytes_total: expect.any(Number),
      broker_flush_seconds: 1,
      broker_in_flight_bytes: 0,
      broker_read_events_total: 3,
      broker_retention_deleted_events_total: 3,
    });
  });
});

function mkdirOf(directory: string, name: string): string {
  const folder = path.join(directory, name);
  mkdirSync(folder);
  return folder;
}
