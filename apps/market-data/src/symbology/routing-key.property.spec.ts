import { EXCHANGE, MARKET_DATA_TYPES, SYMBOL } from '@distributary/contracts';
import { keyPatternProblem, orderingKeyOf, wordsOf } from '@distributary/distribution-core';
import fc from 'fast-check';
import { nameOfWord, partsOfKey, routingKeyOf, sourceKeyOf, wordOf } from './routing-key.js';

const parts = fc.record({
  symbol: fc.stringMatching(/^[A-Za-z0-9./:^=$&+!#@_-]{1,32}$/).filter((symbol) => SYMBOL.test(symbol)),
  exchange: fc.stringMatching(EXCHANGE),
  dataType: fc.constantFrom(...MARKET_DATA_TYPES),
});

describe('routing keys of market data', () => {
  it.each([
    ['AAPL', 'AAPL.NASDAQ.trade'],
    ['BRK.B', 'BRK_2eB.NASDAQ.trade'],
    ['EUR/USD', 'EUR_2fUSD.NASDAQ.trade'],
    ['BTC-USDT', 'BTC-USDT.NASDAQ.trade'],
    ['A_B', 'A_5fB.NASDAQ.trade'],
  ])('of %s is %s', (symbol, key) => {
    expect(routingKeyOf({ symbol, exchange: 'NASDAQ', dataType: 'TRADE' })).toBe(key);
  });

  it('say again what they were made of, in three words', () => {
    fc.assert(
      fc.property(parts, (made) => {
        const key = routingKeyOf(made);
        expect(partsOfKey(key)).toEqual(made);
        expect(wordsOf(key)).toHaveLength(3);
        expect(keyPatternProblem(key, 'key')).toBeUndefined();
        expect(orderingKeyOf(key)).toBe(wordOf(made.symbol));
      }),
    );
  });

  it('make a word of any name, and the name of the word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => expect(nameOfWord(wordOf(name))).toBe(name)),
    );
  });

  it('are not read from what nobody makes', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z_0-9.-]{0,12}$/), (key) => {
        const read = partsOfKey(key);
        if (read !== undefined) expect(routingKeyOf(read)).toBe(key);
      }),
    );
    const others = [
      '',
      'a.b',
      'a.b.c',
      'a.b.trade.d',
      '_.b.trade',
      '_2.b.trade',
      '_2E.b.trade',
      '_41.b.trade',
      'a..trade',
    ];
    expect(others.map(partsOfKey)).toEqual(others.map(() => undefined));
  });

  it('of a source are those of no symbol', () => {
    expect(sourceKeyOf('源'.repeat(100)).length).toBeLessThan(512);
    expect(sourceKeyOf('源'.repeat(100))).not.toBe(sourceKeyOf('源'.repeat(99)));
    expect(sourceKeyOf('nasdaq itch')).toBe('_source.nasdaq_20itch.status');
    expect(partsOfKey(sourceKeyOf('itch'))).toBeUndefined();
  });
});
