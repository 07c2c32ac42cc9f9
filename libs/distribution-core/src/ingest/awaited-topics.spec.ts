import { DistributionError } from '../errors/distribution-error.js';
import { noMetrics } from '../ports/metrics.port.js';
import { anEvent } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { settle } from '../testing/settle.js';
import { AwaitedTopics } from './awaited-topics.js';
import type { PublishedEvent } from './published-event.js';

const eventOf = (topic: string): PublishedEvent => ({ topic, record: anEvent() });

function setUp(maxWaitingBytes?: number) {
  const clock = new FakeClock();
  const known = new Set(['a', 'b']);
  const looks: { readonly end: (made?: string) => void; readonly fail: (error: Error) => void }[] = [];
  const begun: string[] = [];
  const waiting: number[] = [];
  const awaited = new AwaitedTopics({
    topics: {
      find: (name) =>
        known.has(name) ? { brokerName: name, partitions: 1, enabled: true, origin: 'ingested' } : undefined,
      look: () =>
        new Promise((resolve, reject) => {
          looks.push({ end: (made = 'b') => resolve(void known.add(made)), fail: reject });
        }),
    },
    clock,
    metrics: { ...noMetrics, gauge: () => ({ set: (bytes) => waiting.push(bytes) }) },
    ...(maxWaitingBytes !== undefined && { maxWaitingBytes }),
  });
  const call = (name: string, ...topics: string[]) =>
    awaited.run(topics.map(eventOf), () => Promise.resolve(begun.push(name)));
  return { clock, looks, begun, waiting, call, settled: () => settle(clock) };
}

describe('calls with topics that may have just been made', () => {
  it('begin at once if all are known', async () => {
    const { call, looks, begun } = setUp();
    const calls = [call('1', 'a', 'b'), call('2', 'a')];
    expect(begun).toEqual(['1', '2']);
    await Promise.all(calls);
    expect(looks).toEqual([]);
  });

  it('wait until the catalog was looked at, in their order, and hold nobody else up', async () => {
    const { call, looks, begun, settled } = setUp();
    const calls = [call('1', 'a', 'new'), call('2', 'new'), call('3', 'a'), call('4', 'b')];
    expect(begun).toEqual(['4']);
    // Known in time for the second of them: the first comes first all the same.
    looks[1].end('new');
    await settled();
    const fifth = call('5', 'new');
    expect(begun).toEqual(['4']);
    looks[0].end();
    await Promise.all([...calls, fifth]);
    expect(begun.filter((name) => '125'.includes(name))).toEqual(['1', '2', '5']);
    expect(begun.indexOf('1')).toBeLessThan(begun.indexOf('3'));
    void call('6', 'new');
    expect(begun.at(-1)).toBe('6');
  });

  it('are refused while nobody can say what there is, and those behind them begin', async () => {
    const { call, looks, begun, clock } = setUp();
    const refused = call('1', 'a', 'new');
    const behind = call('2', 'a');
    looks[0].fail(new DistributionError('store.unavailable', 'the database is away'));
    await expect(refused).rejects.toMatchObject({ code: 'store.unavailable' });
    await behind;
    const late = call('3', 'new');
    clock.advance(2_000);
    await expect(late).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(begun).toEqual(['2']);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('are refused when too much waits', async () => {
    const { call, looks, begun, waiting } = setUp(1_000);
    const first = call('1', 'new', 'new');
    expect(waiting.at(-1)).toBeGreaterThan(500);
    await expect(call('2', 'new', 'new')).rejects.toMatchObject({ code: 'ingest.busy', retryAfterMs: 200 });
    looks[0].end('new');
    await first;
    expect(waiting.at(-1)).toBe(0);
    await call('3', 'new', 'new');
    expect(begun).toEqual(['1', '3']);
  });
});
