import type { MarketDataEventInput, MarketSelectionInput } from '@distributary/contracts';
import { MatchIndex, matchesRecord } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { parseMarketDataEvents, toPublishedEvent } from '../events/market-data-event.js';
import { aQuote, aTrade, batchOf, countingIds } from '../testing/published-events.js';
import { marketDataVocabulary } from './market-data-vocabulary.js';

const clock = new FakeClock();
const selectionOf = (input: MarketSelectionInput) => marketDataVocabulary.selectionOf(input);
const selects = (input: MarketSelectionInput, event: MarketDataEventInput) => {
  const { topic, record } = toPublishedEvent(parseMarketDataEvents([event])[0], clock, countingIds);
  return matchesRecord(selectionOf(input), topic, record);
};
const problemsOf = (input: MarketSelectionInput) => {
  try {
    selectionOf(input);
  } catch (error) {
    return (error as { problems: readonly { path: string; rule: string }[] }).problems.map(({ path }) => path);
  }
  return [];
};

describe('what a subscription to market data selects', () => {
  it('is everything that has a data type, if nothing is said', () => {
    expect(selectionOf({})).toEqual({
      topicPatterns: ['market-data/#'],
      keyPatterns: [],
      filter: { op: 'in', attribute: 'data_type', values: ['BAR', 'QUOTE', 'STATUS', 'TRADE'] },
    });
  });

  it('is one of each list, the symbol first', () => {
    expect(
      selectionOf({
        asset_classes: ['Equities'],
        currencies: ['usd'],
        exchanges: ['nasdaq', 'XNYS', 'NASDAQ'],
        data_types: ['trade'],
        symbols: ['AAPL'],
        min_price: '10.50',
        max_price: 20,
        min_volume: 100,
        keys: ['AAPL.#'],
        filter: 'late == true',
      }),
    ).toEqual({
      topicPatterns: ['market-data/#'],
      keyPatterns: ['AAPL.#'],
      filter: {
        op: 'and',
        filters: [
          { op: 'eq', attribute: 'symbol', value: 'AAPL' },
          { op: 'eq', attribute: 'data_type', value: 'TRADE' },
          { op: 'in', attribute: 'exchange', values: ['NASDAQ', 'XNYS'] },
          { op: 'eq', attribute: 'currency', value: 'USD' },
          { op: 'eq', attribute: 'asset_class', value: 'equities' },
          { op: 'range', attribute: 'price', gte: 10.5, lte: 20 },
          { op: 'range', attribute: 'volume', gte: 100 },
          { op: 'eq', attribute: 'late', value: true },
        ],
      },
    });
  });

  it('is what matches the patterns, of any type, if there are some', () => {
    expect(selectionOf({ patterns: ['market-data/quotes/+'] })).toEqual({
      topicPatterns: ['market-data/quotes/+'],
      keyPatterns: [],
      filter: undefined,
    });
  });

  it.each([
    [{ symbols: ['AAPL', 'MSFT'] }, aTrade(), true],
    [{ symbols: ['aapl'] }, aTrade(), false],
    [{ symbols: ['BRK.B'] }, aTrade({ symbol: 'BRK.B' }), true],
    [{ data_types: ['QUOTE'] }, aTrade(), false],
    [{ min_price: 150.25, max_price: '150.25' }, aTrade(), true],
    [{ min_price: '150.250000001' }, aTrade(), false],
    [{ min_price: 150.25, max_price: 150.25 }, aQuote(), true],
    [{ max_volume: 999 }, aTrade(), false],
    [{ min_volume: 201 }, aQuote(), false],
    [{ currencies: ['EUR'] }, aTrade({ currency: undefined }), false],
    [{ asset_classes: ['crypto'] }, aTrade({ asset_class: 'crypto', currency: 'USDT' }), true],
    [{ min_price: 0 }, { data_type: 'STATUS' as const, data: { status: 'stale' as const, source: 's' } }, false],
  ])('%j against %j: %s', (input, event, isSelected) => {
    expect(selects(input, event)).toBe(isSelected);
  });

  it('finds by index what it finds event by event', () => {
    const symbols = ['AAPL', 'BRK.B', 'EUR/USD'];
    const event = fc
      .record({
        symbol: fc.constantFrom(...symbols),
        exchange: fc.constantFrom('XNAS', 'XNYS'),
        price: fc.integer({ min: 1, max: 9 }),
        volume: fc.integer({ min: 0, max: 9 }),
      })
      .map((data) => aTrade(data));
    const selection = fc.record(
      {
        symbols: fc.subarray(symbols, { minLength: 1 }),
        exchanges: fc.subarray(['xnas', 'XNYS'], { minLength: 1 }),
        min_price: fc.integer({ min: 1, max: 5 }),
        max_price: fc.integer({ min: 5, max: 9 }),
        min_volume: fc.integer({ min: 0, max: 9 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 8 }),
        fc.array(selection, { minLength: 1 }),
        (all, wanted) => {
          const topic = 'market-data/normalized/equities';
          const batch = batchOf(clock, ...all);
          const index = new MatchIndex();
          const selections = wanted.map(selectionOf);
          selections.forEach((each, id) => index.add(id, each));
          const found = selections.map(() => new Set<number>());
          index.match(topic, batch, undefined, (id, indexes, count) => {
            for (let at = 0; at < count; at++) found[id].add(indexes === undefined ? at : indexes[at]);
          });
          const expected = selections.map(
            (each) =>
              new Set(
                Array.from({ length: batch.count }, (_, at) => at).filter((at) =>
                  matchesRecord(each, topic, batch.recordAt(at)),
                ),
              ),
          );
          expect(found).toEqual(expected);
        },
      ),
    );
  });

  it('is refused with every problem and its place', () => {
    expect(
      problemsOf({
        patterns: ['a//b'],
        keys: [''],
        symbols: ['AAPL', 'A B'],
        data_types: ['NEWS'],
        exchanges: ['?'],
        currencies: ['$'],
        asset_classes: ['bonds'],
        min_price: 'much',
        max_price: 0.1 + 0.2,
        min_volume: -1,
        max_volume: 0.5,
      }),
    ).toEqual([
      'patterns[0]',
      'keys[0]',
      'symbols[1]',
      'data_types[0]',
      'exchanges[0]',
      'currencies[0]',
      'asset_classes[0]',
      'min_price',
      'max_price',
      'min_volume',
      'max_volume',
    ]);
    expect(problemsOf({ min_price: '2', max_price: 1, min_volume: 2, max_volume: 1 })).toEqual([
      'max_price',
      'max_volume',
    ]);
    expect(problemsOf({ filter: 'price >' })).not.toEqual([]);
  });
});

describe('who cannot keep up', () => {
  it.each([
    [{}, 'conflate'],
    [{ data_types: ['QUOTE'] }, 'conflate'],
    [{ data_types: ['TRADE', 'quote'] }, 'conflate'],
    [{ data_types: ['TRADE'] }, 'block'],
    [{ data_types: ['TRADE', 'BAR', 'STATUS'] }, 'block'],
  ])('with %j is treated with %s', (input, policy) => {
    expect(marketDataVocabulary.defaultSlowPolicy(input)).toBe(policy);
  });
});
