import fc from 'fast-check';
import { arbitraryEvent, arbitraryFilter } from '../testing/arbitrary-selection.js';
import { canonicalFilter, canonicalSelection } from './canonical-filter.js';
import { filterFromCel } from './filter-cel.js';
import { evaluateFilter, recordReader } from './matcher.js';

const canonical = (source: string) => canonicalFilter(filterFromCel(source));

describe('the canonical text of a filter', () => {
  it.each([
    ['a == 1 && b == 2', 'b == 2 && a == 1'],
    ['a in [2, 1, 2]', 'a in [1, 2]'],
    ['a == 1', 'a in [1]'],
    ['(a || b) || c', 'c || (b || a)'],
    ['!!a', 'a'],
    ['a && a', 'a'],
  ])('is the same for %s and %s', (one, other) => {
    expect(canonical(one)).toBe(canonical(other));
  });

  it.each([
    ['a == 1', 'a == "1"'],
    ['a > 1', 'a >= 1'],
    ['a && b', 'a || b'],
    ['!a', 'a'],
    ['has(a)', 'a.startsWith("")'],
  ])('tells %s from %s', (one, other) => {
    expect(canonical(one)).not.toBe(canonical(other));
  });

  it('is never the same for filters that differ in what they select', () => {
    const events = fc.array(arbitraryEvent, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(arbitraryFilter, { minLength: 20, maxLength: 20 }), events, (filters, sample) => {
        const byText = new Map<string, string>();
        for (const filter of filters) {
          const selects = sample.map((event) => evaluateFilter(filter, recordReader('a', event))).join();
          const text = canonicalFilter(filter);
          expect(byText.get(text) ?? selects).toBe(selects);
          byText.set(text, selects);
        }
      }),
    );
  });

  it('covers the patterns of a selection, whatever their order', () => {
    const selection = { topicPatterns: ['a', 'b'], keyPatterns: ['x.#'], filter: filterFromCel('up') };
    expect(canonicalSelection({ ...selection, topicPatterns: ['b', 'a', 'a'] })).toBe(canonicalSelection(selection));
    expect(canonicalSelection({ ...selection, filter: undefined })).not.toBe(canonicalSelection(selection));
    expect(canonicalSelection({ ...selection, keyPatterns: [] })).not.toBe(canonicalSelection(selection));
  });
});
