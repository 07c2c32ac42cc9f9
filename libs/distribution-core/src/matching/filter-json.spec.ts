import fc from 'fast-check';
import { arbitraryFilter } from '../testing/arbitrary-selection.js';
import { filterFromJson, filterProblems, filterToJson } from './filter-json.js';

describe('a filter as JSON', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(arbitraryFilter, (filter) => {
        expect(filterFromJson(JSON.parse(JSON.stringify(filterToJson(filter))))).toEqual(filter);
      }),
    );
  });

  it.each([
    [7, 'filter', 'must be an object'],
    [{ op: 'like' }, 'filter.op', 'must be one of eq, in, range, prefix, exists, and, or, not'],
    [{ op: 'toString' }, 'filter.op', 'must be one of eq, in, range, prefix, exists, and, or, not'],
    [{ op: 'eq', attribute: 'a', value: null }, 'filter.value', 'must be a string, a number, true or false'],
    [{ op: 'eq', attribute: 'a', value: 1, extra: 2 }, 'filter.extra', 'must not be given for "eq"'],
    [{ op: 'eq', attribute: '', value: 1 }, 'filter.attribute', 'must not be empty'],
    [{ op: 'exists' }, 'filter.attribute', 'must be a string'],
    [{ op: 'in', attribute: 'a', values: 'x' }, 'filter.values', 'must be a list of values'],
    [{ op: 'in', attribute: 'a', values: ['x', {}] }, 'filter.values[1]', 'must be a string, a number, true or false'],
    [{ op: 'in', attribute: 'a', values: Array(1001).fill(1) }, 'filter.values', 'must have at most 1000 values'],
    [{ op: 'range', attribute: 'a' }, 'filter', 'must have a bound: gt, gte, lt or lte'],
    [{ op: 'range', attribute: 'a', gt: '1' }, 'filter.gt', 'must be a number'],
    [{ op: 'prefix', attribute: 'a', value: 'x'.repeat(1025) }, 'filter.value', 'must be at most 1024 characters'],
    [{ op: 'and', filters: {} }, 'filter.filters', 'must be a list of filters'],
    [{ op: 'not', filter: [] }, 'filter.filter', 'must be an object'],
    [
      { op: 'or', filters: Array(300).fill({ op: 'exists', attribute: 'a' }) },
      'filter',
      'must have at most 256 clauses',
    ],
  ])('refuses %j at %s', (input, path, rule) => {
    expect(filterProblems(input)).toEqual([{ path, rule }]);
  });

  it('names every problem at once', () => {
    const input = {
      op: 'and',
      filters: [
        { op: 'eq', attribute: 1, value: 'x' },
        { op: 'range', attribute: 'a', lt: 'y' },
      ],
    };
    expect(() => filterFromJson(input, 'selection.filter')).toThrow(
      'selection.filter.filters[0].attribute: must be a string; selection.filter.filters[1].lt: must be a number',
    );
  });

  it('refuses what is nested deeper than 16', () => {
    let filter: unknown = { op: 'exists', attribute: 'a' };
    for (let depth = 1; depth < 16; depth++) filter = { op: 'not', filter };
    expect(filterProblems(filter)).toEqual([]);
    expect(filterProblems({ op: 'not', filter })[0].rule).toBe('must be nested at most 16 deep');
  });
});
