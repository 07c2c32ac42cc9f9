import {
  canonicalDecimal,
  compareDecimals,
  decimalRule,
  decimalSchema,
  decimalText,
  middleOf,
  nearestNumber,
  NOT_A_DECIMAL,
  TOO_MANY_DIGITS,
  TOO_MANY_DIGITS_FOR_A_NUMBER,
} from './decimal.js';

describe('a decimal', () => {
  it.each([
    [150.25, 150.25, '150.25'],
    ['150.250', 150.25, '150.25'],
    ['007', 7, '7'],
    ['-0.0', 0, '0'],
    [-0, 0, '0'],
    [1e-7, 1e-7, '0.0000001'],
    ['0.000000000000000001', 1e-18, '0.000000000000000001'],
    [1.5e15, 1.5e15, '1500000000000000'],
    ['0.100000000000000000', 0.1, '0.1'],
    ['1234567890.1234567', '1234567890.1234567', '1234567890.1234567'],
    ['99999999999999999999.999999999999999999', '99999999999999999999.999999999999999999', undefined],
  ])('%p is stored as %p', (value, stored, text) => {
    expect(decimalSchema.parse(value)).toBe(stored);
    expect(decimalText(value)).toBe(text ?? value);
  });

  it.each([
    ['', NOT_A_DECIMAL],
    ['1.', NOT_A_DECIMAL],
    ['.5', NOT_A_DECIMAL],
    ['1e5', NOT_A_DECIMAL],
    ['+1', NOT_A_DECIMAL],
    [' 1', NOT_A_DECIMAL],
    ['1,5', NOT_A_DECIMAL],
    ['NaN', NOT_A_DECIMAL],
    ['0x10', NOT_A_DECIMAL],
    ['1'.repeat(65), NOT_A_DECIMAL],
    [Number.NaN, NOT_A_DECIMAL],
    [Number.POSITIVE_INFINITY, NOT_A_DECIMAL],
    [null, NOT_A_DECIMAL],
    [{}, NOT_A_DECIMAL],
    [true, NOT_A_DECIMAL],
    [1e300, NOT_A_DECIMAL],
    [5e-324, NOT_A_DECIMAL],
    [1e21, TOO_MANY_DIGITS],
    ['100000000000000000000', TOO_MANY_DIGITS],
    ['0.0000000000000000001', TOO_MANY_DIGITS],
    [1e-19, TOO_MANY_DIGITS],
    [0.1 + 0.2, TOO_MANY_DIGITS_FOR_A_NUMBER],
    [Number.MAX_SAFE_INTEGER, TOO_MANY_DIGITS_FOR_A_NUMBER],
  ])('%p is none, or none of ours: %s', (value, rule) => {
    expect(decimalRule(value)).toBe(rule);
    expect(decimalSchema.safeParse(value).error?.issues.map(({ message }) => message)).toEqual([rule]);
  });

  it('compares with what is written in another way', () => {
    expect(compareDecimals('150.250', 150.25)).toBe(0);
    expect(compareDecimals('0.100000000000000001', 0.1)).toBe(1);
    expect(compareDecimals(-1, '-0.999999999999999999')).toBe(-1);
    expect([2, '1.5', '-3', 0].sort(compareDecimals)).toEqual(['-3', 0, '1.5', 2]);
  });

  it('shows filters a number', () => {
    expect(nearestNumber(1.5)).toBe(1.5);
    expect(nearestNumber('1234567890.1234567')).toBe(1234567890.1234567);
    expect(middleOf(0.1, 0.2)).toBe(0.15);
    expect(middleOf('-37.63', -37.64)).toBe(-37.635);
    expect(canonicalDecimal(middleOf(1, 1))).toBe(1);
  });
});
