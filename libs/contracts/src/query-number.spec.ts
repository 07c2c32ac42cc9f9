import { z } from 'zod';
import { numberOfText, wholeNumberQuery } from './query-number.js';

const RULE = 'must be a whole number from 1 to 500';

describe('a number in a query', () => {
  it.each([
    ['0', 0],
    ['-1', -1],
    ['007', 7],
    ['150.25', 150.25],
  ])('%j is %d', (text, expected) => {
    expect(numberOfText(text)).toBe(expected);
  });

  it.each(['', ' ', '5 ', '+5', '0x10', '0b1', '1e2', '1_000', '5.', '.5', 'Infinity', 'NaN', '９', '1'.repeat(17)])(
    '%j is none',
    (text) => {
      expect(numberOfText(text)).toBeNaN();
    },
  );
});

describe('a whole number in a query', () => {
  const limit = wholeNumberQuery(1, 500, 100);

  it('is what it is by default where there is none, which the document says, too', () => {
    expect(limit.parse(undefined)).toBe(100);
    expect(z.toJSONSchema(limit, { io: 'input' })).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 500,
      default: 100,
    });
  });

  it('is its digits, or a number where it comes from a message', () => {
    expect(limit.parse('500')).toBe(500);
    expect(limit.parse(1)).toBe(1);
  });

  it.each(['0x10', '1e2', '', '0', '501', '1.5', ['1', '2'], null, true, 0, Number.NaN])(
    'is not %j, and the rule says what is',
    (given) => {
      expect(limit.safeParse(given).error?.issues.map(({ message }) => message)).toEqual([RULE]);
    },
  );
});
