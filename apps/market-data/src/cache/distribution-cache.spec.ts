import { noMetrics } from '@distributary/distribution-core';
import { aRule, FakeClock } from '@distributary/distribution-core/testing';
import { cacheConfig } from '@distributary/persistence';
import { type CachedLatest, openDistributionCache, ofTenant } from './distribution-cache.js';

const quote = {
  symbol: 'AAPL',
  timestamp: '2025-06-21T09:30:00.200Z',
  data_type: 'QUOTE',
  source: 'x',
  topic: 'q',
  topic_version: 1,
  price: 150.25,
};
const priced = (price: number) => ({ ...quote, price });
const ids = { uuid: () => 'p', random: () => 0.5 };

function aCache() {
  const clock = new FakeClock();
  const cache = openDistributionCache({
    config: cacheConfig.parse({}),
    clock,
    ids,
    metrics: noMetrics,
  });
  return { clock, cache };
}

describe('the distribution cache without a Redis', () => {
  it('has what was put there for as long as the specification says', async () => {
    const { clock, cache } = aCache();
    const info = { process: 'p', state: 'behind', subscribers: 3, behind: 1, blocked: 0, pendingBytes: 9 } as const;
    await cache.latest.put('AAPL', quote);
    await cache.topicStats.put('q', { topic: 'q', atMicros: 1, lanes: [] });
    await cache.subscription.put('risk', { status: 'ACTIVE', topic: 'q' });
    await cache.routing.put('a/#', [aRule()]);
    await cache.putBackpressure('q', 2, info);
    const found = async () =>
      (
        await Promise.all([
          cache.latest.get('AAPL'),
          cache.topicStats.get('q'),
          cache.subscription.get('risk'),
          cache.routing.get('a/#'),
          cache.backpressure('q', 2),
        ])
      ).map((value) => value !== undefined);
    expect(await cache.latest.get('AAPL')).toEqual(quote);
    expect(await cache.backpressure('q', 2)).toEqual(info);
    expect(await cache.backpressure('q', 1)).toBeUndefined();
    const passed = [];
    for (const ms of [9_999, 2, 19_998, 2, 29_998, 2, 239_998, 2, 599_998, 2]) {
      clock.advance(ms);
      passed.push(await found());
    }
    expect(passed).toEqual([
      [true, true, true, true, true],
      [true, true, true, true, false],
      [true, true, true, true, false],
      [true, false, true, true, false],
      [true, false, true, true, false],
      [false, false, true, true, false],
      [false, false, true, true, false],
      [false, false, false, true, false],
      [false, false, false, true, false],
      [false, false, false, false, false],
    ]);
    await cache.close();
  });

  it('loads what it does not have, once for all who ask, and a failure for nobody later', async () => {
    const { cache } = aCache();
    let loads = 0;
    let answer: (value: CachedLatest) => void = () => undefined;
    const load = () => {
      loads++;
      return new Promise<CachedLatest>((resolve) => (answer = resolve));
    };
    const asked = [1, 2, 3].map(() => cache.latest.read('AAPL', load));
    await new Promise((resolve) => setImmediate(resolve));
    answer(priced(1));
    expect(await Promise.all(asked)).toEqual([priced(1), priced(1), priced(1)]);
    expect(loads).toBe(1);
    expect(await cache.latest.read('AAPL', load)).toEqual(priced(1));
    expect(loads).toBe(1);
    await expect(cache.latest.read('MSFT', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await cache.latest.read('MSFT', async () => priced(2))).toEqual(priced(2));
    await cache.latest.forget('MSFT');
    expect(await cache.latest.get('MSFT')).toBeUndefined();
    await cache.close();
  });

  it('has nothing where somebody put what is no JSON', async () => {
    const { cache } = aCache();
    await cache.cache.set('latest:AAPL', Buffer.from('{'), 1_000);
    expect(await cache.latest.get('AAPL')).toBeUndefined();
    await cache.close();
  });

  it('keeps tenants apart', () => {
    expect(ofTenant('default', 'AAPL')).toBe('AAPL');
    expect(ofTenant('acme', 'AAPL')).toBe('@acme/AAPL');
    expect(ofTenant('default', '@acme/AAPL')).not.toBe('@acme/AAPL');
  });
});
