import { DistributionError, noMetrics, type TopicDefinition } from '@distributary/distribution-core';
import { aRule, aTopic, FakeClock, InMemoryCache } from '@distributary/distribution-core/testing';
import { cacheConfig } from '@distributary/persistence';
import { countedMetrics } from '../testing/counted-metrics.js';
import { BackpressureWriter } from './backpressure-writer.js';
import { CachedValues } from './cached-values.js';
import { CachedTopicFigures } from './cached-topic-figures.js';
import { CatalogWriter, type CatalogWriterDependencies } from './catalog-writer.js';
import { openDistributionCache } from './distribution-cache.js';
import { KeptValues } from './kept-values.js';

function aCache(clock = new FakeClock()) {
  const ids = { uuid: () => 'p', random: () => 0.5 };
  return openDistributionCache({ config: cacheConfig.parse({}), clock, ids, metrics: noMetrics });
}

function someFigures(clock: FakeClock) {
  const figures = { asked: [] as string[], isAway: false };
  const of = async (topic: TopicDefinition) => {
    figures.asked.push(topic.name);
    if (figures.isAway) throw new DistributionError('broker.unavailable', 'away');
    return { lanes: [], atMicros: clock.nowMicros() };
  };
  return { figures, of };
}

describe('figures of topics', () => {
  it('are asked of the broker once in two seconds, whichever process asks, and say as of when they are', async () => {
    const clock = new FakeClock();
    const cache = aCache(clock);
    const { figures, of } = someFigures(clock);
    const [one, other] = [1, 2].map(() => new CachedTopicFigures({ of }, cache.topicStats, clock));
    const first = await one.of(aTopic('quotes'));
    clock.advance(2_000);
    expect(await other.of(aTopic('quotes'))).toEqual(first);
    clock.advance(1);
    expect((await other.of(aTopic('quotes'))).atMicros).toBe(clock.nowMicros());
    expect(figures.asked).toEqual(['quotes', 'quotes']);
  });

  it('are the last ones while the broker is away, for half a minute', async () => {
    const clock = new FakeClock();
    const { figures, of } = someFigures(clock);
    const cached = new CachedTopicFigures({ of }, aCache(clock).topicStats, clock);
    const first = await cached.of(aTopic('quotes'));
    figures.isAway = true;
    clock.advance(29_000);
    expect(await cached.of(aTopic('quotes'))).toEqual(first);
    clock.advance(1_001);
    await expect(cached.of(aTopic('quotes'))).rejects.toMatchObject({ code: 'broker.unavailable' });
  });
});

describe('a set of values in the cache', () => {
  it('is written as far as it changed or would be gone, and what left it is forgotten', async () => {
    const done: string[] = [];
    const kept = new KeptValues<number>(
      {
        put: async (name, value) => done.push(`${name}=${value}`) > 0,
        forget: async (name) => done.push(`-${name}`) > 0,
      },
      1_000,
    );
    const keep = async (values: Readonly<Record<string, number>>, nowMs: number) => {
      await kept.keep(new Map(Object.entries(values)), nowMs);
      return done.splice(0);
    };
    expect(await keep({ a: 1, b: 2 }, 0)).toEqual(['a=1', 'b=2']);
    expect(await keep({ a: 1, b: 3 }, 500)).toEqual(['b=3']);
    expect(await keep({ a: 1, b: 3 }, 1_000)).toEqual(['a=1']);
    expect(await keep({ b: 3 }, 1_100)).toEqual(['-a']);
    kept.letGo();
    expect(await keep({ b: 3 }, 1_200)).toEqual(['b=3']);
  });

  it('is written and forgotten again as long as that was refused', async () => {
    const clock = new FakeClock();
    const far = new InMemoryCache(clock);
    const values = new CachedValues<number>(far, { name: 'kept', ttlMs: 2_500 }, noMetrics);
    const kept = new KeptValues(values, 1_000);
    await kept.keep(new Map(Object.entries({ a: 1, b: 1 })), 0);
    far.isAway = true;
    await kept.keep(new Map(Object.entries({ a: 2 })), 100);
    far.isAway = false;
    await kept.keep(new Map(Object.entries({ a: 2 })), 200);
    expect([await values.get('a'), await values.get('b')]).toEqual([2, undefined]);
  });

  it('is not forgotten for ever where that is refused: by then it is gone by itself', async () => {
    const asked: number[] = [];
    let nowMs = 0;
    const kept = new KeptValues<number>({ put: async () => true, forget: async () => asked.push(nowMs) < 0 }, 1_000);
    await kept.keep(new Map([['a', 1]]), nowMs);
    for (nowMs of [100, 2_900, 3_000, 3_100]) await kept.keep(new Map(), nowMs);
    expect(asked).toEqual([100, 2_900, 3_000]);
  });

  it('is written anew where a refused write may have come after all', async () => {
    const done: string[] = [];
    let isTaken = true;
    const put = async (name: string, value: number) => done.push(`${name}=${value}`) > 0 && isTaken;
    const kept = new KeptValues<number>({ put, forget: async () => true }, 1_000);
    await kept.keep(new Map([['a', 1]]), 0);
    isTaken = false;
    await kept.keep(new Map([['a', 2]]), 100);
    await kept.keep(new Map([['a', 1]]), 200);
    expect(done).toEqual(['a=1', 'a=2', 'a=1']);
  });
});

describe('what a worker writes of the catalog', () => {
  function aWriter(more: Partial<CatalogWriterDependencies> = {}) {
    const clock = new FakeClock();
    const cache = aCache(clock);
    const { figures, of } = someFigures(clock);
    const subscription = { subscriptionId: 'risk', status: 'paused', topicPatterns: ['market-data/#'] };
    const rules = [
      aRule({ id: '1', sourcePattern: 'a/#' }),
      aRule({ id: '2', sourcePattern: 'a/#' }),
      aRule({ id: '3', tenant: 'acme', sourcePattern: 'a/#' }),
    ];
    const { metrics, counts } = countedMetrics();
    const writer = new CatalogWriter({
      cache,
      figures: new CachedTopicFigures({ of }, cache.topicStats, clock),
      topics: () => [aTopic('one'), aTopic('two')],
      subscriptions: { list: async () => [subscription] as never },
      rules: { list: async () => ({ version: 1, rules }) },
      clock,
      metrics,
      ...more,
    });
    return { writer, cache, figures, rules, counts };
  }

  it.each([
    ['active', 'ACTIVE'],
    ['error', 'ERROR'],
    ['stopped', 'STOPPED'],
  ])('says of a subscription that is %s: %s', async (status, word) => {
    const subscriptions = { list: async () => [{ subscriptionId: 'risk', status, topicPatterns: ['a'] }] as never };
    const { writer, cache } = aWriter({ subscriptions });
    await writer.step();
    expect(await cache.subscription.get('risk')).toEqual({ status: word, topic: 'a' });
  });

  it('is each topic, subscription, and the rules of each pattern of a tenant', async () => {
    const { writer, cache, figures, rules } = aWriter();
    await writer.step();
    expect(await cache.subscription.get('risk')).toEqual({ status: 'PAUSED', topic: 'market-data/#' });
    expect((await cache.routing.get('a/#'))?.map(({ id }) => id)).toEqual(['1', '2']);
    expect(await cache.routing.get('@acme/a/#')).toMatchObject([{ id: rules[2].id }]);
    expect(await cache.topicStats.get('one')).toMatchObject({ topic: 'one', lanes: [] });
    expect(figures.asked.sort()).toEqual(['one', 'two']);
  });

  it('is what can be had, when something cannot', async () => {
    const { writer, cache } = aWriter({
      subscriptions: { list: () => Promise.reject(new DistributionError('store.unavailable', 'away')) },
    });
    await expect(writer.step()).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(await cache.routing.get('a/#')).toHaveLength(2);
  });

  it('is bounded: topics take turns, and subscriptions beyond are counted', async () => {
    const topics = Array.from({ length: 150 }, (_, n) => aTopic(`topic-${n}`));
    const many = Array.from({ length: 10_002 }, (_, n) => ({
      subscriptionId: `s${n}`,
      status: 'active',
      topicPatterns: ['#'],
    }));
    const { writer, figures, counts } = aWriter({
      topics: () => topics,
      subscriptions: { list: async () => many as never },
    });
    await writer.step();
    expect(figures.asked).toHaveLength(100);
    expect(counts()).toEqual({ subscription_cache_omitted_total: 2 });
    await writer.step();
    expect(figures.asked).toHaveLength(100);
    await writer.step();
    expect(new Set(figures.asked).size).toBe(150);
  });
});

describe('how lanes keep up', () => {
  it('is what the process sees that sees the worst', async () => {
    const cache = aCache();
    const lane = { topic: 'q', partition: 1, subscribers: 3, behind: 0, blocked: 0, pendingBytes: 10 };
    const told = async (process: string, counted: object) => {
      const pressures = () => [{ ...lane, ...counted }];
      await new BackpressureWriter({ cache, pressures, process }).step();
      const { process: by, state } = (await cache.backpressure('q', 1)) ?? {};
      return [by, state];
    };
    expect(await told('one', {})).toEqual(['one', 'flowing']);
    expect(await told('two', { behind: 1 })).toEqual(['two', 'behind']);
    expect(await told('one', {})).toEqual(['two', 'behind']);
    expect(await told('one', { behind: 2, blocked: 1 })).toEqual(['one', 'blocked']);
    expect(await told('two', { behind: 1 })).toEqual(['one', 'blocked']);
    expect(await told('one', {})).toEqual(['one', 'flowing']);
  });
});
