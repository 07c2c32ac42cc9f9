import vm from 'node:vm';
import fc from 'fast-check';
import { DEFAULT_TRANSFORMATION_LIMITS, Meter } from '../meter.js';
import { LinearPattern } from './linear-pattern.js';

const meter = (maxSteps = 1_000_000) => new Meter({ ...DEFAULT_TRANSFORMATION_LIMITS, maxSteps });
const test = (source: string, text: string) => new LinearPattern(source).test(text, meter());

/** So that what would take hours fails after a second. */
const withinASecond = (work: () => void): void => {
  vm.runInNewContext('work()', { work }, { timeout: 1000 });
};

describe('a pattern', () => {
  it.each([
    ['', ''],
    ['^$', ''],
    ['a', 'cab'],
    ['^ab?c*d+$', 'abcccd'],
    ['^(?:ab|cd){2,3}$', 'abcdab'],
    ['^[A-Z][a-z-]*\\d{3}$', 'Host-x042'],
    ['^[^a-c\\d]+$', 'xyz'],
    ['^\\w+\\s\\S+\\.\\D$', 'a_1 b/c.d'],
    ['^(a*)*$', 'aaa'],
    ['x|^y|z$', 'bz'],
    ['^a{2}$', 'aa'],
    ['^a{1}?$', 'a'],
    ['^a{2,}$', 'aaaa'],
    ['^.\\n.$', 'ü\n😀'],
    ['\\.\\/[\\-]', 'a./-'],
    ['[]|a', 'xa'],
    ['[a\\]-]', '-'],
    ['^(()){3}(?:b{0}){2,}a{0,0}$', ''],
  ])('%j matches %j as the one of JavaScript does', (source, text) => {
    expect(test(source, text)).toBe(new RegExp(source, 'u').test(text));
    expect(test(source, `${text}\u0000`)).toBe(new RegExp(source, 'u').test(`${text}\u0000`));
  });

  it.each([
    ['[]a]', '"]" must be written \\]'],
    ['(', '"(" without ")"'],
    ['a)', '")" without "("'],
    ['[a', '"[" without "]"'],
    ['*', '"*" without what it repeats'],
    ['a**', 'one repetition after another'],
    ['a{x}', 'must be a number up to 1000'],
    ['a{3,1}', 'must be {n}, {n,} or {n,m}'],
    ['a{5000}', 'must be a number up to 1000'],
    ['(?=a)', 'look-around and named groups are not available'],
    ['(a)\\1', '\\1 is not available'],
    ['\\bx', '\\b is not available'],
    ['[z-a]', 'a range that ends before it begins'],
    ['[\\D]', 'classes in capitals are not available in "[]"'],
    ['a\\', '"\\" at the end'],
    ['((a{100}){100}){100}', 'repeats too much'],
    ['('.repeat(40), 'must be nested at most 16 deep'],
    ['a'.repeat(600), 'must be at most 512 characters'],
  ])('%j is refused', (source, rule) => {
    expect(() => new LinearPattern(source)).toThrow(rule);
  });

  it.each(['()', '(?:)', 'a{0}'])(
    'is compiled at once, however often %j is repeated that matches nothing',
    (nothing) => {
      withinASecond(() => {
        expect(test(`x(?:((((${nothing}){1000}){1000}){1000}){1000}|z)y`, 'xy')).toBe(true);
      });
    },
  );

  it('never goes back: what takes others exponential time takes the length of the text', () => {
    const text = `${'a'.repeat(20_000)}b`;
    const spent = meter(1_000_000);
    expect(new LinearPattern('^(a+)+$').test(text, spent)).toBe(false);
    expect(spent.steps).toBeLessThan(20_000);
  });

  it('stops when the meter says so', () => {
    expect(() => new LinearPattern('(a|a|a|a)*c').test('a'.repeat(100_000), meter(1000))).toThrow(
      'more than 1000 steps',
    );
  });

  it('costs the meter how long its classes are, unless what they list lies together', () => {
    const text = 'a'.repeat(200);
    const spentBy = (members: string) => {
      const spent = meter();
      new LinearPattern(`([${members}]{1,400})*b`).test(text, spent);
      return spent.steps;
    };
    const apart = Array.from({ length: 400 }, (_, index) => String.fromCodePoint(0x4e00 + 2 * index));
    expect(spentBy(`${apart.join('')}a`)).toBeGreaterThan(3 * spentBy('a'));
    expect(spentBy('d-fa-ca-b'.repeat(50))).toBe(spentBy('a'));
  });

  it('agrees with JavaScript on random classes', () => {
    const member = fc.constantFrom('a', 'c-e', 'b-b', 'd-h', 'f', 'g-k', 'm-z', 'n', '\\d', '\\w', '😀-😂', '\\n');
    fc.assert(
      fc.property(fc.boolean(), fc.array(member, { minLength: 1, maxLength: 8 }), (isNegated, members) => {
        const source = `^[${isNegated ? '^' : ''}${members.join('')}]$`;
        for (const text of [...'abcdefghijklmnoz059_-\n😀😁😃']) {
          expect([text, test(source, text)]).toEqual([text, new RegExp(source, 'u').test(text)]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with JavaScript on random patterns and texts', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '^', '$', 'c');
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        atom,
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => a + b),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(tie('tree'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}'))
          .map(([a, sign]) => `(?:${a})${sign}`),
      ),
    }));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(tree, fc.array(text, { minLength: 1, maxLength: 4 }), (source, texts) => {
        // One pattern for all of them: a test must leave nothing behind for the next one.
        const pattern = new LinearPattern(source);
        for (const each of texts) expect(pattern.test(each, meter())).toBe(new RegExp(source, 'u').test(each));
      }),
      { numRuns: 2000 },
    );
  });
});
