import { LOCAL_PRINCIPAL, type Permission, type Principal } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import type { PublishedEvent } from '@distributary/distribution-service';
import { cachedLatestOf } from '../cache/cached-latest.js';
import type { CachedLatest } from '../cache/distribution-cache.js';
import { markedLate, parseMarketDataEvents, toPublishedEvent } from '../events/market-data-event.js';
import { countedMetrics } from '../testing/counted-metrics.js';
import { aQuote, aTrade, batchOf, batchOfRecords, countingIds } from '../testing/published-events.js';
import { LatestTicks, type Tick } from './latest-ticks.js';
import { LatestService } from './latest.service.js';

const TOPIC = 'market-data/normalized/equities';
const IN_TOPIC = { name: TOPIC, catalogVersion: 1 };
/** On the day of the ticks. */
const NOW = new FakeClock(Date.UTC(2025, 5, 21, 10) * 1_000);
const may = (topicPattern: string, constraint?: Permission['constraint']): Principal => ({
  ...LOCAL_PRINCIPAL,
  permissions: [{ topicPattern, constraint, verbs: ['read'] }],
});

describe('the newest of a symbol', () => {
  const known = new LatestTicks(NOW);
  const changed: string[] = [];
  known.onChanged = (tenant, symbol) => changed.push(`${tenant} ${symbol}`);
  known.apply(
    batchOf(new FakeClock(), aTrade({ symbol: 'EUR/USD', price: '1.1234567890123456' })),
    IN_TOPIC,
    'default',
  );
  const cached = cachedLatestOf(known, 'EUR/USD') as CachedLatest;
  /** Another process, that has heard nothing. */
  const answering = (found: CachedLatest | undefined) => {
    const asked: string[] = [];
    const get = async (key: string) => {
      asked.push(key);
      return found;
    };
    return { asked, service: new LatestService(new LatestTicks(NOW), { get }) };
  };

  it('is its data as it was published, for the cache with its type, source and topic beside', async () => {
    expect(changed).toEqual(['default EUR/USD']);
    expect(cached).toMatchObject({
      symbol: 'EUR/USD',
      price: '1.1234567890123456',
      data_type: 'TRADE',
      source: 'unknown',
      topic: TOPIC,
    });
    expect(cachedLatestOf(known, '@acme/EUR/USD')).toBeUndefined();
  });

  it('is the same from the cache where nothing was heard of it', async () => {
    const own = await new LatestService(known).latestOf('EUR/USD', {}, LOCAL_PRINCIPAL);
    const { service, asked } = answering(cached);
    expect(await service.latestOf('EUR/USD', {}, LOCAL_PRINCIPAL)).toEqual(own);
    expect(await service.latestOf('EUR/USD', { exchange: 'NASDAQ', data_type: 'TRADE' }, LOCAL_PRINCIPAL)).toEqual(own);
    await service.latestOf('EUR/USD', {}, { ...LOCAL_PRINCIPAL, tenant: 'acme' }).catch(() => undefined);
    expect(asked).toEqual(['EUR/USD', 'EUR/USD', '@acme/EUR/USD']);
  });

  it('is not looked for in the cache where something was heard of it', async () => {
    const get = () => Promise.reject(new Error('nobody should ask'));
    const found = await new LatestService(known, { get }).latestOf('EUR/USD', {}, LOCAL_PRINCIPAL);
    expect(found).toMatchObject({ symbol: 'EUR/USD' });
  });

  it('is nothing of what the caller did not ask for or may not read, or of what others wrote there', async () => {
    const refused: [CachedLatest | undefined, object, Principal][] = [
      [undefined, {}, LOCAL_PRINCIPAL],
      [cached, { exchange: 'XNYS' }, LOCAL_PRINCIPAL],
      [cached, { data_type: 'BAR' }, LOCAL_PRINCIPAL],
      [cached, {}, may('market-data/quotes/#')],
      [cached, {}, may('#', { op: 'eq', attribute: 'exchange', value: 'NASDAQ' })],
      [{ ...cached, symbol: 'MSFT' }, {}, LOCAL_PRINCIPAL],
      [{ symbol: 'EUR/USD' } as unknown as CachedLatest, {}, LOCAL_PRINCIPAL],
    ];
    for (const [found, query, principal] of refused) {
      await expect(answering(found).service.latestOf('EUR/USD', query, principal)).rejects.toMatchObject({
        code: 'symbol.not_found',
      });
    }
    const permitted = may('market-data/normalized/#');
    expect(await answering(cached).service.latestOf('EUR/USD', {}, permitted)).toMatchObject({ symbol: 'EUR/USD' });
  });

  it('is known of each type, whatever else the same batch says of the symbol', () => {
    const ticks = new LatestTicks(NOW);
    const at = (second: number) => ({ timestamp: `2025-06-21T09:30:0${second}Z` });
    const halt = { symbol: 'AAPL', exchange: 'NASDAQ', status: 'halted' as const, ...at(4) };
    const batch = batchOf(new FakeClock(), aTrade(at(1)), aTrade(at(2)), aQuote(at(3)), {
      data_type: 'STATUS',
      data: halt,
    });
    ticks.apply(batch, IN_TOPIC, 'default');
    const types = ticks.of('default', 'AAPL').map(({ record }) => record.attributes.data_type);
    expect(types).toEqual(['TRADE', 'QUOTE']);
    const isTrade = ({ record }: Tick) => record.attributes.data_type === 'TRADE';
    expect(ticks.newestOf('default', 'AAPL', isTrade)?.record.timeMicros).toBe(Date.parse(at(2).timestamp) * 1_000);
  });

  it('is the one that happened last, of all types and exchanges', () => {
    const ticks = new LatestTicks(NOW);
    const at = (second: number) => ({ timestamp: `2025-06-21T09:30:0${second}Z` });
    ticks.apply(
      batchOf(new FakeClock(), aQuote(at(3)), aTrade(at(2)), aQuote({ ...at(1), exchange: 'XNYS' })),
      IN_TOPIC,
      'default',
    );
    expect(cachedLatestOf(ticks, 'AAPL')).toMatchObject({ data_type: 'QUOTE', exchange: 'NASDAQ' });
  });

  it('is an older one where the newest cannot be read', async () => {
    const ticks = new LatestTicks(NOW);
    const at = (second: number) => ({ timestamp: `2025-06-21T09:30:0${second}Z` });
    const unreadable = batchOf(new FakeClock(), aQuote(at(2))).recordAt(0);
    ticks.apply(batchOf(new FakeClock(), aTrade(at(1))), IN_TOPIC, 'default');
    ticks.apply(batchOfRecords(TOPIC, [{ ...unreadable, value: Buffer.from('{"data":{}}') }]), IN_TOPIC, 'default');
    const found = await new LatestService(ticks).latestOf('AAPL', {}, LOCAL_PRINCIPAL);
    expect(found).toMatchObject({ timestamp: '2025-06-21T09:30:01Z', data: { price: 150.25 } });
    expect(cachedLatestOf(ticks, 'AAPL')).toMatchObject({ data_type: 'TRADE' });
  });

  it('is not followed at the same time by one that came late, nor by a copy of an earlier one', () => {
    const recordsOf = (...prices: number[]) => {
      const inputs = prices.map((price) => aTrade({ price, timestamp: '2025-06-21T09:30:01Z' }));
      return parseMarketDataEvents(inputs).map((event): PublishedEvent => toPublishedEvent(event, NOW, countingIds));
    };
    const [first, second, third] = recordsOf(1, 2, 3);
    const taking = (...batches: { readonly records: PublishedEvent[]; readonly skip?: Uint8Array }[]) => {
      const ticks = new LatestTicks(NOW);
      for (const { records, skip } of batches) {
        const batch = batchOfRecords(
          TOPIC,
          records.map(({ record }) => record),
        );
        ticks.apply(batch, IN_TOPIC, 'default', skip);
      }
      return ticks.newestOf('default', 'AAPL')?.record.attributes.price;
    };
    expect(taking({ records: [first, second] })).toBe(2);
    expect(taking({ records: [second, markedLate(first)] })).toBe(2);
    expect(taking({ records: [second] }, { records: [markedLate(first)] })).toBe(2);
    expect(taking({ records: [markedLate(first)] }, { records: [second] })).toBe(2);
    expect(taking({ records: [first, second, first], skip: Uint8Array.of(0, 0, 1) })).toBe(2);
    expect(taking({ records: [second] }, { records: [first, third, first], skip: Uint8Array.of(1, 1, 1) })).toBe(2);
  });

  it('goes with its topic, also if there is another one of its name', async () => {
    const [mine, anew] = [
      { name: 'mine', catalogVersion: 7 },
      { name: 'mine', catalogVersion: 9 },
    ];
    const ticks = new LatestTicks(NOW, undefined, 100, 1_000);
    const topics = new Set([mine]);
    ticks.isThere = (topic) => [...topics].some(({ catalogVersion }) => catalogVersion === topic.catalogVersion);
    const at = (second: number) => ({ timestamp: `2025-06-21T09:30:0${second}Z` });
    ticks.apply(batchOf(NOW, aTrade(at(5))), mine, 'default');
    const found = cachedLatestOf(ticks, 'AAPL') as CachedLatest;
    const fromCache = () => {
      const other = new LatestTicks(NOW);
      other.isThere = ticks.isThere;
      return new LatestService(other, { get: async () => found }).latestOf('AAPL', {}, LOCAL_PRINCIPAL);
    };
    expect(await fromCache()).toMatchObject({ ...at(5), data: { price: 150.25 } });
    expect((await fromCache()).data).not.toHaveProperty('topic_version');
    topics.clear();
    topics.add(anew);
    await expect(fromCache()).rejects.toMatchObject({ code: 'symbol.not_found' });
    expect(cachedLatestOf(ticks, 'AAPL')).toBeUndefined();
    // What the topic of today has is the newest, although that of yesterday had a later one.
    ticks.apply(batchOf(NOW, aTrade(at(5))), mine, 'default');
    ticks.apply(batchOf(NOW, aTrade(at(1))), anew, 'default');
    expect(cachedLatestOf(ticks, 'AAPL')).toMatchObject({ ...at(1), topic: 'mine', topic_version: 9 });
  });

  it('is none that is for some subscribers alone', () => {
    const ticks = new LatestTicks(NOW);
    const forSome = { routing: { target_workflows: ['only-me'] } };
    const at = (second: number) => ({ timestamp: `2025-06-21T09:30:0${second}Z` });
    ticks.apply(batchOf(NOW, aTrade(at(3), forSome)), IN_TOPIC, 'default');
    expect(ticks.of('default', 'AAPL')).toEqual([]);
    ticks.apply(batchOf(NOW, aTrade(at(1)), aTrade(at(2), forSome)), IN_TOPIC, 'default');
    expect(cachedLatestOf(ticks, 'AAPL')).toMatchObject(at(1));
  });

  it('is forgotten of the symbols that were silent the longest when all take too many bytes', () => {
    const { metrics, counts } = countedMetrics();
    const ticks = new LatestTicks(NOW, metrics, 100, 2_500);
    const take = (symbol: string) => {
      const event = aTrade({ symbol }, { metadata: { note: 'n'.repeat(700) } });
      ticks.apply(batchOf(NOW, event), IN_TOPIC, 'default');
    };
    for (const symbol of ['A', 'B', 'A', 'A', 'C']) take(symbol);
    const held = ['A', 'B', 'C'].filter((symbol) => ticks.of('default', symbol).length > 0);
    expect(held).toEqual(['A', 'C']);
    expect(counts()).toEqual({ latest_symbols: 2, latest_symbols_forgotten_total: 1 });
  });

  it('is none from the future, of whatever type, where there is one of the present', () => {
    const clock = new FakeClock();
    const ticks = new LatestTicks(clock);
    const at = (aheadMs: number) => ({ timestamp: new Date(clock.nowMicros() / 1_000 + aheadMs).toISOString() });
    const priceNow = () => ticks.newestOf('default', 'AAPL')?.record.timeMicros;
    const take = (...events: Parameters<typeof batchOf> extends [unknown, ...infer Rest] ? Rest : never) =>
      ticks.apply(batchOf(clock, ...events), IN_TOPIC, 'default');
    const [wild, present] = [at(3_600_000), at(1_000)];
    take(aTrade(wild));
    expect(priceNow()).toBe(Date.parse(wild.timestamp) * 1_000);
    take(aTrade(present), aTrade(wild));
    expect(priceNow()).toBe(Date.parse(present.timestamp) * 1_000);
    take(aQuote(wild));
    expect(priceNow()).toBe(Date.parse(present.timestamp) * 1_000);
    // What was the future then is the present now.
    clock.advance(3_600_000);
    take(aTrade(wild));
    expect(priceNow()).toBe(Date.parse(wild.timestamp) * 1_000);
  });
});
