import fc from 'fast-check';
import { compileKeyPattern, keyPatternProblem } from './key-pattern.js';

describe('a pattern over routing keys', () => {
  it.each([
    ['AAPL.NASDAQ.trade', 'AAPL.NASDAQ.trade', true],
    ['AAPL.*.trade', 'AAPL.NASDAQ.trade', true],
    ['AAPL.*', 'AAPL.NASDAQ.trade', false],
    ['AAPL.#', 'AAPL', true],
    ['AAPL.#', 'AAPL.NASDAQ.trade', true],
    ['AAPL.#', 'AAPLX', false],
    ['#.trade', 'AAPL.NASDAQ.trade', true],
    ['#.trade', 'trade', true],
    ['#.trade', 'AAPL.trade.x', false],
    ['#.b.#.b', 'b.a.b', true],
    ['#.*', '', false],
    ['#', '', true],
  ])('%s against "%s": %s', (pattern, key, expected) => {
    expect(compileKeyPattern(pattern).matches(key)).toBe(expected);
  });

  it.each([
    ['', 'must not be empty'],
    [undefined, 'must be a string'],
    ['a..b', 'must not have an empty word'],
    ['a.b*', '"*" and "#" must stand for a whole word'],
    ['a.\n', 'must not contain white space or control characters'],
    ['a'.repeat(513), 'must be at most 512 characters'],
  ])('refuses %j because it %s', (pattern, rule) => {
    expect(keyPatternProblem(pattern, 'key_patterns[1]')).toEqual({ path: 'key_patterns[1]', rule });
  });

  it('refuses to compile what is not a pattern', () => {
    expect(() => compileKeyPattern('a..b')).toThrow('key_pattern: must not have an empty word');
  });

  it('matches what the definition by recursion matches', () => {
    const matches = (pattern: readonly string[], words: readonly string[]): boolean => {
      if (pattern.length === 0) return words.length === 0;
      if (pattern[0] === '#')
        return matches(pattern.slice(1), words) || (words.length > 0 && matches(pattern, words.slice(1)));
      return (
        words.length > 0 && (pattern[0] === '*' || pattern[0] === words[0]) && matches(pattern.slice(1), words.slice(1))
      );
    };
    const patterns = fc.array(fc.constantFrom('a', 'b', '*', '#'), { minLength: 1, maxLength: 6 });
    const keys = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 });
    fc.assert(
      fc.property(patterns, keys, (pattern, words) => {
        expect(compileKeyPattern(pattern.join('.')).matches(words.join('.'))).toBe(matches(pattern, words));
      }),
      { numRuns: 500 },
    );
  });
});
