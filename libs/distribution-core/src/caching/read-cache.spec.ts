import { DistributionError } from '../errors/distribution-error.js';
import { noMetrics } from '../ports/metrics.port.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryCache } from '../testing/in-memory-cache.js';
import { settle } from '../testing/settle.js';
import { ReadCache } from './read-cache.js';

const TTL_MS = 1_000;

function aReadCache(cache?: InMemoryCache) {
  const clock = new FakeClock();
  const store = cache ?? new InMemoryCache(clock);
  const reads = new ReadCache({ cache: store, clock, metrics: noMetrics, prefix: 'test:' });
  const loaded: string[] = [];
  const read = reads.reader({
    kind: 'thing',
    ttlMs: TTL_MS,
    negativeTtlMs: 100,
    negativeCodes: ['service.not_found'],
    load: (argument) => {
      loaded.push(argument);
      if (argument === 'none') throw new DistributionError('service.not_found', 'no such thing');
      if (argument === 'broken') throw new DistributionError('store.unavailable', 'away');
      return { argument, load: loaded.length };
    },
  });
  return { clock, store, reads, read, loaded };
}

describe('reads with a cache', () => {
  it('answer from what was found a moment ago, and no longer', async () => {
    const { clock, read, loaded, reads } = aReadCache();
    const first = await read('a');
    expect(await read('a')).toEqual(first);
    expect(await read('b')).not.toEqual(first);
    clock.advance(TTL_MS);
    expect(await read('a')).toEqual({ argument: 'a', load: 3 });
    expect(loaded).toEqual(['a', 'b', 'a']);
    expect(reads.stats()).toMatchObject({ hits: 1, loads: 3, hitRatio: 0.25 });
  });

  it('load once for all who ask at once', async () => {
    const { reads, read, loaded } = aReadCache();
    const answers = await Promise.all(Array.from({ length: 10 }, () => read('a')));
    expect(loaded).toEqual(['a']);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(reads.stats().shared).toBe(9);
  });

  it('know for a while that there is nothing, too', async () => {
    const { clock, read, loaded } = aReadCache();
    const refused = { code: 'service.not_found', message: 'no such thing' };
    await expect(read('none')).rejects.toMatchObject(refused);
    await expect(read('none')).rejects.toMatchObject(refused);
    expect(loaded).toEqual(['none']);
    clock.advance(100);
    await expect(read('none')).rejects.toMatchObject(refused);
    expect(loaded).toHaveLength(2);
  });

  it('do not keep failures', async () => {
    const { read, loaded } = aReadCache();
    await expect(read('broken')).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(read('broken')).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(loaded).toHaveLength(2);
  });

  it('go on without the cache, one load at a time', async () => {
    const { read, store, loaded } = aReadCache();
    store.isAway = true;
    await Promise.all([read('a'), read('a')]);
    await read('a');
    expect(loaded).toEqual(['a', 'a']);
  });

  it('are warm at the start with what is always wanted and what the last process was asked for', async () => {
    const { store, reads, read, clock } = aReadCache();
    for (let index = 0; index < 3; index++) await read('hot');
    await read('cold');
    await reads.start(1_000);
    // What a stop stores, without letting go of the cache that both have.
    store.close = () => Promise.resolve();
    await reads.stop();
    const next = aReadCache(store);
    clock.advance(TTL_MS);
    await next.reads.start(1_000, ['thing:always', 'unknown:kind', 'thing:broken']);
    expect(next.loaded).toEqual(['always', 'broken', 'hot']);
    expect(next.reads.stats()).toMatchObject({ preloads: 3 });
    await next.reads.stop();
  });

  it('load ahead what the last hour predicts, while they are running', async () => {
    const { clock, reads, read, loaded } = aReadCache();
    await reads.start(500);
    await read('hot');
    await read('hot');
    await read('once');
    loaded.length = 0;
    clock.advance(500);
    await settle(clock);
    expect(loaded).toEqual(['hot']);
    for (let tick = 0; tick < 60; tick++) {
      clock.advance(500);
      await settle(clock);
    }
    await reads.stop();
    expect(clock.pendingAlarms).toBe(0);
  });

  it('tell nothing that is older than it may be, even if a tier kept it for longer', async () => {
    const { store, read, loaded, clock } = aReadCache();
    const old = { at: clock.nowMicros() / 1_000 - TTL_MS, value: 'old' };
    await store.set('test:thing:a', Buffer.from(JSON.stringify(old)), 60_000);
    expect(await read('a')).toEqual({ argument: 'a', load: 1 });
    expect(loaded).toEqual(['a']);
  });

  it('know codes of other versions as our fault', async () => {
    const { store, read, clock } = aReadCache();
    await store.set(
      'test:thing:odd',
      Buffer.from(JSON.stringify({ at: clock.nowMicros() / 1_000, code: 'of.tomorrow', message: 'x' })),
      TTL_MS,
    );
    await expect(read('odd')).rejects.toMatchObject({ code: 'internal' });
  });
});
