import fc from 'fast-check';
import { compileTransformation } from './compile-transformation.js';
import type { Json } from './json-value.js';
import { DEFAULT_TRANSFORMATION_LIMITS as LIMITS } from './meter.js';

/**
 * Time of the processor that one event may cost at most, on a slow machine. Steps, characters and bytes are exact, and are
 * what bounds it; the time is what they come to.
 */
const MAX_MS = 150;
const MOST_RUNS = 5;

/** The compiler and the collector of the process work beside a run: the least of some runs is what it costs. */
function leastProcessorMs(work: () => void): number {
  let least = Infinity;
  for (let run = 0; run < MOST_RUNS && least >= MAX_MS; run++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

const compiledOf = (definition: unknown) => {
  try {
    return compileTransformation(definition, { tenant: 'default' });
  } catch {
    return undefined;
  }
};

/** Runs it, and holds the result against every bound. */
function expectBounded(definition: unknown, event: Json): string {
  const compiled = compiledOf(definition);
  if (compiled === undefined) return 'refused';
  const value = Buffer.from(JSON.stringify(event));
  const result = compiled.apply(value);
  expect(leastProcessorMs(() => compiled.apply(value))).toBeLessThan(MAX_MS);
  // The step that goes beyond the limit may be one of many at once; nothing of them has been done.
  if (result.failure?.reason !== 'budget') expect(result.steps).toBeLessThanOrEqual(LIMITS.maxSteps);
  if (result.kind === 'event') expect(result.value.length).toBeLessThanOrEqual(LIMITS.maxOutputBytes);
  return result.failure?.reason ?? result.kind;
}

const mapped = (cel: string) => ({ steps: [{ map: { 'data.out': { cel } } }] });
const eventOf = (data: Json) => ({ event_id: 'e', data });
const nested = (depth: number, inner: string, shell: (inner: string, level: number) => string): string => {
  let text = inner;
  for (let level = 0; level < depth; level++) text = shell(text, level);
  return text;
};
const numbers = Array.from({ length: 100 }, (_, index) => index);

describe('a hostile definition', () => {
  it.each([
    ['nested macros', nested(6, '1', (inner, level) => `data.v.map(x${level}, ${inner})`)],
    [
      'nested macros that all look at everything',
      nested(6, 'true', (inner, level) => `data.v.all(x${level}, ${inner})`),
    ],
    ['a text that doubles', nested(20, 'data.s', (inner) => `[${inner}].map(x, x + x)[0]`)],
    ['a list that doubles', nested(20, 'data.v', (inner) => `[${inner}].map(x, x + x)[0]`)],
    ['a tree that doubles by sharing', nested(20, 'data.v', (inner) => `[${inner}].map(x, [x, x])[0]`)],
    ['comparisons of everything with everything', 'data.v.map(x, data.v.map(y, data.v == data.v))'],
    ['replacements that grow', nested(10, 'data.s', (inner) => `${inner}.replace("a", "aaaaaaaaaa")`)],
    ['joins of long texts', 'data.v.map(x, data.s).join(data.s)'],
    ['splits into characters', 'data.v.map(x, data.long.split(""))'],
    ['searches in long texts', 'data.v.map(x, data.long.contains(data.needle))'],
    ['upper case of long texts', 'data.v.map(x, data.long.upperAscii())'],
    ['patterns over long texts', 'data.v.map(x, data.long.matches("^(a+)+$"))'],
    ['comparisons of long texts', 'data.v.map(x, data.long == data.other)'],
    ['long texts in order', 'data.v.map(x, data.long < data.other)'],
  ])('%s is refused or stopped by its budget', (_what, cel) => {
    const event = eventOf({
      v: numbers,
      s: 'a'.repeat(1000),
      long: 'a'.repeat(100_000),
      needle: `${'a'.repeat(200)}b${'a'.repeat(20_000)}`,
      other: `${'a'.repeat(99_999)}b`,
    });
    expect(['refused', 'budget']).toContain(expectBounded(mapped(cel), event));
  });

  it.each([
    [
      'fields put into themselves',
      Array.from({ length: 30 }, (_, i) => ({ map: { [`data.f${i}`]: { from: 'data' } } })),
    ],
    [
      'one long text put into many fields',
      Array.from({ length: 30 }, () => ({
        map: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`data.g${i}`, { from: 'data.long' }])),
      })),
    ],
    [
      'one constant put into many fields',
      Array.from({ length: 30 }, (_, step) => ({
        map: Object.fromEntries(
          Array.from({ length: 2 }, (_, i) => [
            `data.h${step}x${i}`,
            { value: { text: 'x'.repeat(1000), list: numbers } },
          ]),
        ),
      })),
    ],
    ['hashes of everything', [{ redact: { paths: ['**.x'], with: 'mask' } }, { drop: ['**.y'] }]],
  ])('%s: stopped or done within its bounds', (_what, steps) => {
    const event = eventOf({ long: 'a'.repeat(60_000), list: numbers.map((x) => ({ x: numbers, y: x })) });
    expectBounded({ steps }, event);
  });

  it.each<[what: string, items: object, list: Json[]]>([
    ['names that are missing', { required: numbers.map((n) => `n${n}`) }, Array.from({ length: 10_000 }, () => ({}))],
    [
      'a long list of allowed values',
      { enum: Array.from({ length: 10_000 }, (_, n) => n) },
      Array.from({ length: 40_000 }, () => -1),
    ],
    [
      'lengths of long texts',
      { allOf: Array.from({ length: 50 }, () => ({ minLength: 60_000 })) },
      Array.from({ length: 2 }, () => 'a'.repeat(100_000)),
    ],
    [
      'long classes of characters',
      { pattern: `([${numbers.map((n) => String.fromCodePoint(0x4e00 + 2 * n)).join('')}a]{1,490})*b` },
      Array.from({ length: 100 }, () => 'a'.repeat(1_000)),
    ],
  ])('%s in a schema are stopped or done within its bounds', (_what, items, list) => {
    expectBounded({ steps: [{ validate: { schema: { properties: { data: { items } } } } }] }, eventOf(list));
  });

  it('does nothing to the prototypes of JavaScript, whatever names it uses', () => {
    const event = JSON.parse(
      '{"event_id":"e","data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
    ) as Json;
    const definitions = [
      mapped('{"__proto__": {"polluted": 1}}'),
      mapped('data.__proto__'),
      mapped('data.constructor.prototype'),
      mapped('"a".constructor'),
      mapped('event.toString'),
      { steps: [{ map: { 'data.copy': { from: 'data' } } }] },
      { steps: [{ map: { '__proto__.polluted': { value: 1 } } }] },
      { steps: [{ rename: { 'data.constructor': 'data.__proto__' } }] },
      { steps: [{ keep: ['data.__proto__', 'data.*.polluted'] }] },
      { steps: [{ enrich: { target: 'data.row', key: { value: '__proto__' }, table: { a: 1 } } }] },
      JSON.parse('{"steps":[{"set_attributes":{"__proto__":{"value":1}}}]}') as Json,
    ];
    for (const definition of definitions) expectBounded(definition, event);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('is stopped by events that are nested deeper than anything looks', () => {
    const deep = `{"event_id":"e","data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    for (const steps of [
      [{ drop: ['**.x'] }],
      [{ map: { 'data.x': { from: 'data' } } }],
      [{ keep: ['data.*.*'] }],
      [],
    ]) {
      const compiled = compileTransformation({ steps }, { tenant: 'default' });
      expect(['budget', 'expression', undefined]).toContain(compiled.apply(Buffer.from(deep)).failure?.reason);
    }
  });

  it('cannot exceed its bounds by any expression that a fuzzer makes', () => {
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 7, depthSize: 'large' },
        fc.constantFrom(
          'data.v',
          'data.s',
          'data.n',
          'data',
          'event',
          'x',
          'y',
          '3',
          '"ab"',
          'true',
          '[]',
          '{}',
          'data.big',
        ),
        fc
          .tuple(tie('tree'), fc.constantFrom('+', '*', '-', '/', '==', '<', '&&', '||', 'in'), tie('tree'))
          .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
        fc
          .tuple(tie('tree'), fc.constantFrom('map', 'filter', 'all', 'exists'), fc.constantFrom('x', 'y'), tie('tree'))
          .map(([a, macro, name, b]) => `${a}.${macro}(${name}, ${b})`),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `[${a}, ${b}, ${a}]`),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `{"k": ${a}, string(${b}): ${b}}`),
        fc
          .tuple(
            tie('tree'),
            fc.constantFrom(
              'upperAscii()',
              'split("a")',
              'join("ab")',
              'replace("a", "aaaa")',
              'trim()',
              'size()',
              'matches("(a|b)*c")',
            ),
          )
          .map(([a, call]) => `${a}.${call}`),
        fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      ),
    }));
    const event = eventOf({
      v: numbers,
      s: 'ab'.repeat(500),
      n: 3,
      big: numbers.map((n) => ({ n, s: 'a'.repeat(100) })),
    });
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(tree, (cel) => {
        const outcome = expectBounded(mapped(cel), event);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }),
      { numRuns: 1500 },
    );
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['event', 'refused']));
  });

  it('cannot exceed its bounds by any text that is no expression', () => {
    const word = fc.constantFrom(
      'data',
      '.',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      'map',
      '"',
      "'",
      '\\',
      '1',
      '+',
      '`',
      ',',
      '?',
      ':',
      ' ',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 200 }).map((words) => words.join('')),
        ),
        (cel) => {
          expectBounded(mapped(cel), eventOf({ v: 1 }));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('cannot exceed its bounds by any steps over any event', () => {
    const path = fc.constantFrom('data', 'data.a', 'data.*', '**.a', '**.b', 'data.a.*.b', 'data.a.0', '*', 'a.b.c');
    const source = fc.oneof(
      fc.record({ from: path }),
      fc.record({ value: fc.jsonValue({ maxDepth: 3 }) }),
      fc.record({ cel: fc.constantFrom('data', 'data.a', '[data, data]', 'event', '{"a": event}') }),
    );
    const step = fc.oneof(
      fc.dictionary(path, source, { minKeys: 1, maxKeys: 5, noNullPrototype: true }).map((map) => ({ map })),
      fc.dictionary(path, path, { minKeys: 1, maxKeys: 3, noNullPrototype: true }).map((rename) => ({ rename })),
      fc.array(path, { minLength: 1, maxLength: 3 }).map((drop) => ({ drop })),
      fc.array(path, { minLength: 1, maxLength: 3 }).map((keep) => ({ keep })),
      fc.array(path, { minLength: 1, maxLength: 3 }).map((paths) => ({ redact: { paths, with: 'mask' } })),
      fc
        .record({
          schema: fc.record({ type: fc.constantFrom('object', 'array'), items: fc.constant({ minLength: 2 }) }),
        })
        .map((validate) => ({ validate })),
    );
    const data = fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom('plain', 'cloudevents'),
        data,
        (steps, format, value) => {
          expectBounded({ steps, format }, { event_id: 'e', data: value, a: value });
        },
      ),
      { numRuns: 800 },
    );
  });
});
