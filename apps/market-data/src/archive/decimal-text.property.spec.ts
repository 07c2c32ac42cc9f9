import fc from 'fast-check';
import { dividedText, scaledText, storableDecimal, trimmedDecimal, unscaled } from './decimal-text.js';

const LIMIT = 10n ** 38n - 1n;
const unscaledValues = fc.bigInt({ min: -LIMIT, max: LIMIT });

describe('decimals as text', () => {
  it('come back from the whole number that they are made of', () => {
    fc.assert(fc.property(unscaledValues, (value) => unscaled(scaledText(value)) === value));
  });

  it('are divided so that the remainder is at most half of a last place', () => {
    fc.assert(
      fc.property(unscaledValues, fc.bigInt({ min: 1n, max: 10n ** 24n }), (total, count) => {
        const quotient = unscaled(dividedText(total, count));
        const rest = quotient * count - total;
        return 2n * (rest < 0n ? -rest : rest) <= count;
      }),
    );
  });

  it.each([
    ['0.1', '0.1'],
    ['-12.50', '-12.50'],
    ['1e-18', '0.000000000000000001'],
    ['1.5E+3', '1500'],
    ['99999999999999999999', '99999999999999999999'],
    ['100000000000000000000', undefined],
    ['1e-19', undefined],
    ['1e999', undefined],
    ['', undefined],
    ['NaN', undefined],
    ['0x10', undefined],
    ['1,5', undefined],
    [' 1', undefined],
  ])('%j is stored as %j', (text, stored) => {
    expect(storableDecimal(text)).toBe(stored);
  });

  it.each([
    ['150.2500', '150.25'],
    ['7.000', '7'],
    ['100', '100'],
    ['0.000', '0'],
    ['-0.0', '0'],
  ])('%s is shown as %s', (text, shown) => {
    expect(trimmedDecimal(text)).toBe(shown);
  });
});
