import type { Json } from '../json-value.js';
import { DEFAULT_TRANSFORMATION_LIMITS, Meter } from '../meter.js';
import { ProblemList } from '../problem-list.js';
import { CompiledSchema } from './compiled-schema.js';

const meter = () => new Meter(DEFAULT_TRANSFORMATION_LIMITS);

const compiled = (schema: unknown): CompiledSchema => {
  const problems = new ProblemList();
  const found = CompiledSchema.of(schema, 'schema', problems);
  if (found === undefined) throw new Error(JSON.stringify(problems.problems));
  return found;
};
const check = (schema: unknown, event: Json): string[] =>
  compiled(schema)
    .problemsOf(event, meter())
    .map(({ path, rule }) => `${path}: ${rule}`);
const refused = (schema: unknown): string => {
  const problems = new ProblemList();
  CompiledSchema.of(schema, 'schema', problems);
  return problems.problems.map(({ path, rule }) => `${path}: ${rule}`).join('\n');
};

describe('a JSON Schema', () => {
  it('lists every place that it refuses', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['data', 'severity'],
      properties: {
        data: {
          type: 'object',
          additionalProperties: false,
          properties: {
            value: { type: 'number', minimum: 1 },
            host: { type: 'string', pattern: '^[a-z]+$' },
            tags: { type: 'array', items: { enum: ['a', 'b'] } },
            'a.b': { type: 'string' },
          },
        },
      },
    };
    expect(check(schema, { data: { value: 0, host: 'X', tags: ['a', 'c'], more: 1, 'a.b': 2 } })).toEqual([
      "severity: must have required property 'severity'",
      'data.more: must NOT have additional properties',
      'data.value: must be >= 1',
      'data.host: must match pattern "^[a-z]+$"',
      'data.tags[1]: must be equal to one of the allowed values',
      'data["a.b"]: must be string',
    ]);
    expect(check(schema, { severity: 1, data: { value: 2, host: 'x', tags: ['b'] } })).toEqual([]);
  });

  it.each([
    ['date', '2026-02-30', '2026-13-01'],
    ['date-time', '2026-11-21T10:00:00.123Z', '2026-11-21 10:00:00Z'],
    ['email', 'ann@example.org', 'ann@'],
    ['ipv4', '10.0.0.255', '10.0.0.256'],
    ['uri', 'https://example.org/a?b', 'example'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123e4567'],
  ])('knows the format %s', (format, good, bad) => {
    expect(check({ format }, good)).toEqual([]);
    expect(check({ format }, bad)).toEqual([`: must match format "${format}"`]);
    expect(check({ format }, `${good}${'x'.repeat(400)}`)).toHaveLength(1);
  });

  it('follows references to its own definitions', () => {
    const schema = { $defs: { level: { type: 'integer' } }, items: { $ref: '#/$defs/level' } };
    expect(check(schema, [1, 'x'])).toEqual(['[1]: must be integer']);
  });

  it('may have definitions that nothing refers to', () => {
    const integers = (count: number, from: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${from}${index}`, { type: 'integer' }]));
    const schema = { $defs: integers(250, 'spare'), properties: integers(200, 'b') };
    expect(check(schema, { spare1: 'x', b1: 'x' })).toEqual(['b1: must be integer']);
    expect(refused({ ...schema, $defs: integers(251, 'spare') })).toBe(
      'schema["$defs"].spare250: must stand for at most 250 schemas',
    );
  });

  it('sees no field that is not the own one of the event', () => {
    expect(check({ required: ['toString'] }, {})).toHaveLength(1);
    expect(check({ required: ['constructor'] }, {})).toHaveLength(1);
  });

  it.each([
    [3, 'schema: must be a schema: an object, true or false'],
    [{ properties: { a: 1 } }, 'schema.properties.a: must be a schema'],
    [{ uniqueItems: true }, 'schema.uniqueItems: is not available here'],
    [{ patternProperties: {} }, 'schema.patternProperties: is not available here'],
    [{ $dynamicRef: '#x' }, 'schema["$dynamicRef"]: is not available here'],
    [{ constructor: {} }, 'schema.constructor: is not available here'],
    [{ properties: JSON.parse('{"__proto__": {}}') as unknown }, 'schema.properties: must not name what belongs'],
    [{ pattern: '(a+' }, 'schema.pattern: "(" without ")" at character 3'],
    [{ pattern: '(?=a)' }, 'schema.pattern: look-around'],
    [{ format: 'regex' }, 'schema.format: must be one of date'],
    [{ format: 'constructor' }, 'schema.format: must be one of date'],
    [{ $schema: 'http://json-schema.org/draft-07/schema#' }, 'must be https://json-schema.org/draft/2020-12/schema'],
    [{ items: { $defs: {} } }, 'must be at the root'],
    [{ $ref: 'https://example.org/x' }, 'must be "#/$defs/" and the name of a definition'],
    [{ $ref: '#/$defs/none' }, 'must be "#/$defs/" and the name of a definition'],
    [{ $defs: { a: { items: { $ref: '#/$defs/a' } } }, $ref: '#/$defs/a' }, 'must not lead back to itself'],
    [{ type: 'number', minimum: 'x' }, 'schema.minimum: must be number'],
    [{ $defs: { a: { $id: 'x' }, b: { $id: 'x', not: {} } } }, 'schema["$defs"].a["$id"]: is not available here'],
    [{ $defs: { a: { $ref: '#/$defs/b' }, b: { $anchor: '1' } } }, 'schema["$defs"].b["$anchor"]: is not available'],
    [{ $defs: { a: 1 } }, 'schema["$defs"].a: must be a schema'],
    [{ $defs: { a: { not: { $ref: '#/$defs/a' } } } }, 'must not lead back to itself'],
    [{ $defs: { $id: {} } }, 'schema["$defs"]["$id"]: must not be the name of a definition'],
    [{ $defs: { '#': {} }, $ref: '#/$defs/#' }, 'must be "#/$defs/" and the name of a definition'],
    [{ $defs: { '\ud800': {} }, $ref: '#/$defs/\ud800' }, 'must be "#/$defs/" and the name of a definition'],
    [{ anyOf: [] }, 'schema.anyOf: must NOT have fewer than 1 items'],
    [{ required: 'a' }, 'schema.required: must be array'],
  ])('is refused as %j', (schema, problem) => {
    expect(refused(schema)).toContain(problem);
  });

  it.each<[schema: object, good: Json[], bad: Json[], rule: string]>([
    [
      { enum: ['a', 1, null, true, [1, { x: 'y' }], { z: [] }] },
      ['a', 1, null, true, [1, { x: 'y' }], { z: [] }],
      ['b', '1', 0, false, [], [1, { x: 'z' }], { z: {} }, { z: [], more: 1 }, { toString: 1 }, { constructor: 1 }],
      'must be equal to one of the allowed values',
    ],
    [{ const: { a: [1] } }, [{ a: [1] }], [{ a: [2] }, { toString: 1 }, 'a', null], 'must be equal to constant'],
    [{ const: null }, [null], [0, {}, ''], 'must be equal to constant'],
    [{ maxLength: 2 }, ['', 'ab', '😀😀', 'a😀', 1], ['abc', '😀😀a', 'abcde'], 'must NOT have more than 2 characters'],
    [{ minLength: 2 }, ['ab', '😀😀', 'abcd', 1], ['', 'a', '😀'], 'must NOT have fewer than 2 characters'],
    [
      { multipleOf: 0.01 },
      [0, 0.01, 0.07, 19.99, -19.99, 4.35, 1.1, 100, 12_345_678.91, 1e21, 'a'],
      [0.001, 0.075, 19.999, -0.005, 12_345_678.915, 1e-9],
      'must be multiple of 0.01',
    ],
    [{ multipleOf: 3 }, [0, 9, -3, 3e20], [1, 2.9999999, 9_007_199_254_740_991], 'must be multiple of 3'],
    [{ multipleOf: 1e-300 }, [0], [1e300], 'must be multiple of 1e-300'],
  ])('%j: %j fit it, and %j do not', (schema, good, bad, rule) => {
    expect(check({ items: schema }, good)).toEqual([]);
    expect(check({ items: schema }, bad)).toEqual(bad.map((_value, index) => `[${index}]: ${rule}`));
  });

  it('finds a value among many as soon as among few', () => {
    const schema = compiled({ items: { enum: Array.from({ length: 10_000 }, (_, index) => `symbol ${index}`) } });
    const event = Array.from({ length: 20_000 }, () => 'symbol 9999');
    const before = process.cpuUsage();
    expect(schema.problemsOf(event, meter())).toEqual([]);
    // A few ms; almost two seconds if each is compared with each.
    expect(process.cpuUsage(before).user).toBeLessThan(300_000);
  });

  it.each<[what: string, schema: object, event: Json]>([
    [
      'lists and maps that it compares',
      { items: { enum: Array.from({ length: 200 }, (_, index) => ({ index })) } },
      Array.from({ length: 100 }, () => ({})),
    ],
    [
      'characters for the longest text',
      { allOf: Array.from({ length: 10 }, () => ({ maxLength: 140_000 })) },
      'ü😀'.repeat(65_000),
    ],
    [
      'characters for the shortest text',
      { allOf: Array.from({ length: 10 }, () => ({ minLength: 90_000 })) },
      'ü😀'.repeat(50_000),
    ],
    [
      'characters for a format',
      { items: { allOf: Array.from({ length: 30 }, () => ({ format: 'uri' })) } },
      Array.from({ length: 100 }, () => `https:${'x'.repeat(314)}`),
    ],
    [
      'problems of alternatives that do not fit',
      { items: { anyOf: [...Array.from({ length: 100 }, () => ({ type: 'string' })), {}] } },
      Array.from({ length: 2_000 }, () => 1),
    ],
  ])('costs the meter the %s', (_what, schema, event) => {
    expect(() => compiled(schema).problemsOf(event, meter())).toThrow('needs more than 10000 steps');
  });

  it('is refused if its references multiply it', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 12 }, (_, level) => [
        `d${level}`,
        { allOf: [{ $ref: `#/$defs/d${level + 1}` }, { $ref: `#/$defs/d${level + 1}` }] },
      ]),
    );
    expect(refused({ $defs: { ...$defs, d12: {} }, $ref: '#/$defs/d0' })).toContain(
      'must stand for at most 250 schemas',
    );
  });

  it('is refused if it requires too many names, with references counted each time', () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
    const rule = 'must name at most 250 fields in required and dependentRequired, in all';
    const twice = {
      $defs: { a: { required: names(125) } },
      prefixItems: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }],
    };
    expect(refused(twice)).toBe('');
    expect(refused({ ...twice, required: ['one'] })).toBe(`schema["$defs"].a: ${rule}`);
    expect(refused({ required: names(251) })).toBe(`schema: ${rule}`);
    expect(refused({ dependentRequired: { a: names(249) } })).toBe('');
    expect(refused({ dependentRequired: { a: names(250) } })).toBe(`schema: ${rule}`);
  });

  it('is refused if it is nested too deep', () => {
    let schema: object = {};
    for (let level = 0; level < 40; level++) schema = { not: schema };
    expect(refused(schema)).toContain('must be nested at most 32 deep');
  });

  it('costs the meter what it may cost, so that a large event with a large schema is stopped', () => {
    const schema = compiled({ items: { allOf: Array.from({ length: 200 }, () => ({ type: 'number' })) } });
    const large = Array.from({ length: 10_000 }, () => 1);
    expect(() => schema.problemsOf(large, meter())).toThrow('needs more than 10000 steps');
    expect(() =>
      compiled(true).problemsOf(
        Array.from({ length: 2_000_000 }, () => 1),
        meter(),
      ),
    ).toThrow('too large');
  });

  it('tells one problem only of a large event, or of an event that may have many', () => {
    const problemsOf = (schema: unknown, items: number, item: Json) =>
      compiled(schema).problemsOf(
        Array.from({ length: items }, () => item),
        meter(),
      );
    expect(problemsOf({ items: { type: 'string' } }, 40_000, 1)).toHaveLength(1);
    const required = Array.from({ length: 200 }, (_, index) => `n${index}`);
    expect(problemsOf({ items: { required } }, 10, {})).toHaveLength(100);
    expect(problemsOf({ items: { required } }, 2_000, {})).toHaveLength(1);
  });

  it('tells problems in a few words, however long the names are', () => {
    const long = 'n'.repeat(100_000);
    const schema = { additionalProperties: { items: { dependentRequired: { a: [long] } } } };
    const [problem, ...others] = compiled(schema).problemsOf({ [long]: [{ a: 1 }, { a: 1 }] }, meter());
    expect(problem.path).toBe(`${'n'.repeat(100)}[0].${'n'.repeat(100)}`);
    expect(problem.rule).toMatch(/^must have property n{900,}$/);
    expect(problem.rule).toHaveLength(1_000);
    expect(others).toHaveLength(1);
  });

  it('costs the meter the problems that it finds', () => {
    const schema = compiled({ items: { type: 'string' } });
    const spent = (item: Json) => {
      const used = meter();
      schema.problemsOf(
        Array.from({ length: 1_000 }, () => item),
        used,
      );
      return used.steps;
    };
    expect(spent(1) - spent('a')).toBe(1_000);
  });

  it('keeps its patterns apart', () => {
    const schema = {
      properties: { a: { pattern: '^A' }, b: { pattern: '^B' }, c: { allOf: [{ pattern: '^C' }, { pattern: 'D$' }] } },
    };
    expect(check(schema, { a: 'A1', b: 'B1', c: 'CD' })).toEqual([]);
    expect(check(schema, { a: 'B1', b: 'A1', c: 'C' })).toEqual([
      'a: must match pattern "^A"',
      'b: must match pattern "^B"',
      'c: must match pattern "D$"',
    ]);
  });

  it('never goes back in a pattern, and is stopped in a long text', () => {
    const schema = compiled({ pattern: '^(a+)+$' });
    expect(schema.problemsOf(`${'a'.repeat(1000)}b`, meter())).toHaveLength(1);
    expect(() => schema.problemsOf('a'.repeat(1_000_000), meter())).toThrow('needs more than');
  });
});
