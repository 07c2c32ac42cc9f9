import fc from 'fast-check';
import { DistributionError } from '../errors/distribution-error.js';
import { compileTopicPattern, intersectionOf, topicPatternProblem } from './topic-pattern.js';

describe('a topic pattern', () => {
  it.each([
    ['monitoring/alerts', 'monitoring/alerts', true],
    ['monitoring/alerts', 'monitoring/alerts/critical', false],
    ['monitoring/+', 'monitoring/alerts', true],
    ['monitoring/+', 'monitoring', false],
    ['monitoring/+', 'monitoring/alerts/critical', false],
    ['+/alerts/+', 'monitoring/alerts/critical', true],
    ['monitoring/#', 'monitoring', true],
    ['monitoring/#', 'monitoring/alerts/critical', true],
    ['monitoring/#', 'monitor', false],
    ['monitoring/+/#', 'monitoring', false],
    ['#', 'anything/at/all', true],
    ['#', '@tenant/a', false],
    ['+/a', '@tenant/a', false],
    ['@tenant/+', '@tenant/a', true],
    ['@tenant/#', '@tenant/a/b', true],
    ['a/+', 'a/@b', true],
  ])('%s against %s: %s', (pattern, topic, expected) => {
    expect(compileTopicPattern(pattern).matches(topic)).toBe(expected);
  });

  it.each([
    ['', 'must not be empty'],
    [7, 'must be a string'],
    ['a//b', 'must not have an empty level'],
    ['/a', 'must not have an empty level'],
    ['a/b+', '"+" and "#" must stand for a whole level'],
    ['a/#/b', '"#" must be the last level'],
    ['a b', 'must not contain white space or control characters'],
    ['a'.repeat(513), 'must be at most 512 characters'],
  ])('refuses %j because it %s', (pattern, rule) => {
    expect(topicPatternProblem(pattern, 'patterns[2]')).toEqual({ path: 'patterns[2]', rule });
  });

  it('names the path of what it refuses', () => {
    expect(() => compileTopicPattern('a//b', 'patterns[0]')).toThrow(DistributionError);
    expect(() => compileTopicPattern('a//b', 'patterns[0]')).toThrow('patterns[0]: must not have an empty level');
  });

  it('knows whether it names one topic', () => {
    expect(compileTopicPattern('a/b').isExact).toBe(true);
    expect(compileTopicPattern('a/+').isExact).toBe(false);
  });

  it('matches what its regular expression matches', () => {
    const level = fc.constantFrom('a', 'b', '+');
    const pattern = fc.tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean());
    const topic = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(pattern, topic, ([levels, hasRest], words) => {
        const source = levels.map((text) => (text === '+' ? '[^/]+' : text)).join('/') + (hasRest ? '(/.*)?' : '');
        const text = hasRest ? [...levels, '#'].join('/') : levels.join('/');
        const name = words.join('/');
        expect(compileTopicPattern(text).matches(name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
    );
  });
});

describe('the intersection of two patterns', () => {
  it.each([
    ['#', 'a/+', 'a/+'],
    ['a/#', 'a', 'a'],
    ['a/#', '+/b', 'a/b'],
    ['+/#', 'a/#', 'a/#'],
    ['a/+/c', '+/b/+', 'a/b/c'],
    ['a/b', 'a/c', undefined],
    ['a', 'a/+', undefined],
    ['#', '@t/a', undefined],
    ['+/a', '@t/a', undefined],
    ['@t/#', '@t/+', '@t/+'],
  ])('%s and %s: %s', (one, other, expected) => {
    expect(intersectionOf(one, other)).toBe(expected);
    expect(intersectionOf(other, one)).toBe(expected);
  });

  it('matches what both match', () => {
    const level = fc.constantFrom('a', 'b', '+');
    const pattern = fc
      .tuple(fc.option(fc.constant('@t')), fc.array(level, { maxLength: 3 }), fc.boolean())
      .map(([mark, levels, hasRest]) => [...(mark === null ? [] : [mark]), ...levels, ...(hasRest ? ['#'] : [])])
      .filter((levels) => levels.length > 0)
      .map((levels) => levels.join('/'));
    const topic = fc
      .array(fc.constantFrom('a', 'b', '@t'), { minLength: 1, maxLength: 4 })
      .map((levels) => levels.join('/'));
    fc.assert(
      fc.property(pattern, pattern, topic, (one, other, name) => {
        const both = intersectionOf(one, other);
        const isBoth = compileTopicPattern(one).matches(name) && compileTopicPattern(other).matches(name);
        expect(both !== undefined && compileTopicPattern(both).matches(name)).toBe(isBoth);
      }),
      { numRuns: 500 },
    );
  });
});
