import fc from 'fast-check';
import { DistributionError } from '../errors/distribution-error.js';
import { arbitraryEvent, arbitraryFilter } from '../testing/arbitrary-selection.js';
import { filterFromCel, filterToCel, parseFilter } from './filter-cel.js';
import { evaluateFilter, recordReader } from './matcher.js';

function refusalOf(source: string): string {
  try {
    filterFromCel(source, 'filter');
  } catch (error) {
    if (error instanceof DistributionError && error.code === 'request.invalid') return error.problems[0].rule;
    throw error;
  }
  throw new Error(`was not refused: ${source}`);
}

describe('a filter as CEL', () => {
  it.each([
    ['severity == "CRITICAL"', { op: 'eq', attribute: 'severity', value: 'CRITICAL' }],
    ["'a\\'b\\n\\u0041' == x", { op: 'eq', attribute: 'x', value: "a'b\nA" }],
    ['x != 1.5', { op: 'not', filter: { op: 'eq', attribute: 'x', value: 1.5 } }],
    ['price >= -10', { op: 'range', attribute: 'price', gte: -10 }],
    ['10 > price', { op: 'range', attribute: 'price', lt: 10 }],
    ['data.order.size <= 1e3', { op: 'range', attribute: 'data.order.size', lte: 1000 }],
    ['symbol in ["A", "B"]', { op: 'in', attribute: 'symbol', values: ['A', 'B'] }],
    ['symbol in []', { op: 'in', attribute: 'symbol', values: [] }],
    ['data.name.startsWith("Z")', { op: 'prefix', attribute: 'data.name', value: 'Z' }],
    ['has(data.name)', { op: 'exists', attribute: 'data.name' }],
    ['`x-y` == true', { op: 'eq', attribute: 'x-y', value: true }],
    ['up', { op: 'eq', attribute: 'up', value: true }],
    ['!up', { op: 'not', filter: { op: 'eq', attribute: 'up', value: true } }],
    ['true', { op: 'and', filters: [] }],
    ['false', { op: 'or', filters: [] }],
  ])('reads %s', (source, filter) => {
    expect(filterFromCel(source)).toEqual(filter);
  });

  it('binds && before ||, and parentheses before both', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((attribute) => ({ op: 'eq', attribute, value: true }));
    expect(filterFromCel('a || b && c')).toEqual({ op: 'or', filters: [a, { op: 'and', filters: [b, c] }] });
    expect(filterFromCel('(a || b) && c')).toEqual({ op: 'and', filters: [{ op: 'or', filters: [a, b] }, c] });
  });

  it.each([
    ['a ==', 'expected a string, a number, true or false, found the end at line 1, column 5'],
    ['a == 1 &&\n  b ~ 2', 'unexpected "~" at line 2, column 5'],
    ['a == 1 b', 'expected the end, found "b" at line 1, column 8'],
    ['(a == 1', 'expected ")", found the end at line 1, column 8'],
    ['a < "x"', '"<" compares numbers at line 1, column 5'],
    ['a.startsWith(1)', 'startsWith takes a string at line 1, column 14'],
    ['a in [1, 2', 'expected "]", found the end at line 1, column 11'],
    ['a in 3', 'expected "[", found 3 at line 1, column 6'],
    ['1', 'expected a comparison, found the end at line 1, column 2'],
    ['', 'expected a name, found the end at line 1, column 1'],
    ['a == "\\q"', 'unknown escape \\q in a string at line 1, column 6'],
    ['a == "open', 'unexpected "\\"" at line 1, column 6'],
    ['size(a) > 1', 'expected the end, found "(" at line 1, column 5'],
  ])('refuses %j: %s', (source, rule) => {
    expect(refusalOf(source)).toBe(rule);
  });

  it('has limits for length, nesting, values and clauses', () => {
    expect(refusalOf(' '.repeat(65_537))).toBe('must be at most 65536 characters');
    expect(refusalOf(`${'!'.repeat(40)}a`)).toContain('nested too deep');
    expect(refusalOf(`${'!'.repeat(20)}a`)).toBe('must be nested at most 16 deep');
    expect(refusalOf(`a in [${Array.from({ length: 1001 }, (_, n) => n).join()}]`)).toBe(
      'must have at most 1000 values',
    );
    expect(refusalOf(Array.from({ length: 300 }, () => 'a').join('||'))).toBe('must have at most 256 clauses');
  });

  it('is told from JSON by being a text', () => {
    expect(parseFilter('a == 1')).toEqual({ op: 'eq', attribute: 'a', value: 1 });
    expect(parseFilter({ op: 'exists', attribute: 'a' })).toEqual({ op: 'exists', attribute: 'a' });
  });

  it('quotes names that are not words', () => {
    const filter = { op: 'exists', attribute: 'x-y.in' } as const;
    expect(filterToCel(filter)).toBe('has(`x-y.in`)');
    expect(filterFromCel(filterToCel(filter))).toEqual(filter);
  });

  it('means the same after it was written and read again', () => {
    fc.assert(
      fc.property(arbitraryFilter, fc.array(arbitraryEvent, { minLength: 5, maxLength: 5 }), (filter, events) => {
        const again = filterFromCel(filterToCel(filter));
        for (const event of events) {
          const read = recordReader('a/b', event);
          expect(evaluateFilter(again, read)).toBe(evaluateFilter(filter, read));
        }
      }),
      { numRuns: 300 },
    );
  });
});
