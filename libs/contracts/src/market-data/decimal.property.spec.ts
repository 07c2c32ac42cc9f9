import Big from 'big.js';
import fc from 'fast-check';
import {
  canonicalDecimal,
  compareDecimals,
  decimalRule,
  decimalText,
  MAX_FRACTION_DIGITS,
  MAX_NUMBER_DIGITS,
  MAX_WHOLE_DIGITS,
  middleOf,
} from './decimal.js';

const digits = (from: number, to: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: from, maxLength: to }).map((each) => each.join(''));

/** Any decimal text within the limits, with zeros at both ends. */
const decimalTexts = fc
  .tuple(fc.boolean(), digits(1, MAX_WHOLE_DIGITS), digits(0, MAX_FRACTION_DIGITS))
  .map(([isNegative, whole, fraction]) => `${isNegative ? '-' : ''}${whole}${fraction && `.${fraction}`}`);

/** At most 15 significant digits, anywhere around the point. */
const numbers = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), fc.integer({ min: -MAX_FRACTION_DIGITS, max: 5 }))
  .map(([isNegative, units, power]) => `${isNegative ? '-' : ''}${units}e${power}`);

const plain = (text: string) => new Big(text).toFixed();

describe('decimals', () => {
  it('keep every digit, as text and as JSON', () => {
    fc.assert(
      fc.property(decimalTexts, (text) => {
        expect(decimalRule(text)).toBeUndefined();
        const stored = JSON.parse(JSON.stringify(canonicalDecimal(text))) as number | string;
        expect(new Big(decimalText(stored)).eq(text)).toBe(true);
        expect(decimalRule(stored)).toBeUndefined();
        expect(canonicalDecimal(stored)).toBe(stored);
      }),
    );
  });

  it(`are the number that was written, if it has at most ${MAX_NUMBER_DIGITS} digits`, () => {
    fc.assert(
      fc.property(numbers, (text) => {
        const value = JSON.parse(text) as number;
        expect(decimalRule(value)).toBeUndefined();
        expect(new Big(decimalText(value)).eq(text)).toBe(true);
        expect(compareDecimals(canonicalDecimal(value), value)).toBe(0);
      }),
    );
  });

  it('that are short numbers are taken by the same rules', () => {
    const around = fc
      .tuple(fc.integer({ min: -2_000_000, max: 2_000_000 }), fc.integer({ min: -8, max: 8 }))
      .map(([digits, power]) => Number(`${digits}e${power}`));
    fc.assert(
      fc.property(fc.oneof(around, fc.double({ min: -1e9, max: 1e9, noNaN: true })), (value) => {
        const digits = new Big(String(value)).c.join('').replace(/^0$/, '');
        const isWithin = new Big(String(value)).eq(new Big(String(value)).round(MAX_FRACTION_DIGITS));
        expect(decimalRule(value) === undefined).toBe(digits.length <= MAX_NUMBER_DIGITS && isWithin);
      }),
    );
  });

  it('have one text each', () => {
    fc.assert(
      fc.property(decimalTexts, decimalTexts, (one, other) => {
        expect(decimalText(one)).toBe(decimalText(canonicalDecimal(one)));
        expect(decimalText(one) === decimalText(other)).toBe(new Big(one).eq(other));
        expect(decimalText(one)).toBe(new Big(one).eq(0) ? '0' : plain(one));
      }),
    );
  });

  it('compare exactly, numbers with texts as well', () => {
    const any = fc.oneof(
      decimalTexts,
      decimalTexts.map(canonicalDecimal),
      numbers.map((text) => JSON.parse(text) as number),
    );
    fc.assert(
      fc.property(any, any, (one, other) => {
        const exact = new Big(decimalText(one)).cmp(decimalText(other));
        expect(Math.sign(compareDecimals(one, other))).toBe(exact);
      }),
    );
  });

  it('have the nearest number to the middle of two', () => {
    const cents = fc.integer({ min: -10_000_000, max: 10_000_000 }).map((amount) => amount / 100);
    const any = fc.oneof(
      decimalTexts,
      cents,
      numbers.map((text) => JSON.parse(text) as number),
    );
    fc.assert(
      fc.property(any, any, (one, other) => {
        const middle = new Big(decimalText(one)).plus(decimalText(other)).times('0.5');
        expect(middleOf(one, other) + 0).toBe(Number(middle.toFixed()) + 0);
      }),
    );
  });
});
