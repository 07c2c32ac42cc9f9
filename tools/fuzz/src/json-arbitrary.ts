import fc from 'fast-check';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** How often a place holds something else than its schema says: 1 in so many. */
const MUCH_JUNK = 12;
const HARDLY_ANY = 400;
const MAX_DEPTH = 6;

/** Values of every type that are likely to be handled badly. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1e308, -1e308, 2 ** 53, 0.1, '', [], {}),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '\u0000',
    '\ud800',
    '../../etc/passwd',
    "'; DROP TABLE x; --",
  ),
  fc.constantFrom('#', '+', '@other/a', 'a/+/#', '*.#', '$SYS/#', 'v1.AAAA', 'a'.repeat(70_000), '9'.repeat(400)),
  fc.integer({ min: 1, max: 200 }).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown),
  fc
    .constantFrom('{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{}}}')
    .map((text) => JSON.parse(text) as unknown),
  fc.array(fc.integer(), { minLength: 1_200, maxLength: 1_500 }),
  fc.jsonValue({ maxDepth: 4 }),
);

/** Values of a JSON Schema, half of them with junk here and there. `root`: the document where its references lead. */
export function valuesOf(schema: JsonSchema, root: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof(
    placesOf(schema, { root, junkEvery: MUCH_JUNK }, 0),
    placesOf(schema, { root, junkEvery: HARDLY_ANY }, 0),
  );
}

interface Around {
  readonly root: JsonSchema;
  readonly junkEvery: number;
}

function placesOf(schema: JsonSchema, document: Around, depth: number): fc.Arbitrary<unknown> {
  const plain = plainValuesOf(schema, document, depth);
  return fc.oneof({ weight: document.junkEvery, arbitrary: plain }, { weight: 1, arbitrary: junk });
}

function plainValuesOf(schema: JsonSchema, document: Around, depth: number): fc.Arbitrary<unknown> {
  if (depth > MAX_DEPTH) return fc.constant(null);
  if (typeof schema.$ref === 'string') return plainValuesOf(target(schema.$ref, document.root), document, depth + 1);
  const examples = Array.isArray(schema.examples) ? (schema.examples as readonly unknown[]) : [];
  const made = madeValuesOf(schema, document, depth);
  return examples.length === 0 ? made : fc.oneof(made, fc.constantFrom(...examples));
}

function madeValuesOf(schema: JsonSchema, document: Around, depth: number): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as readonly unknown[]));
  for (const key of ['anyOf', 'oneOf']) {
    const options = schema[key];
    if (Array.isArray(options)) {
      return fc.oneof(...(options as readonly JsonSchema[]).map((option) => placesOf(option, document, depth + 1)));
    }
  }
  switch (schema.type) {
    case 'object':
      return objectsOf(schema, document, depth);
    case 'array': {
      const {
        items = {},
        minItems = 0,
        maxItems = 5,
      } = schema as { items?: JsonSchema; minItems?: number; maxItems?: number };
      const least = Math.min(minItems, 5);
      return fc.array(placesOf(items, document, depth + 1), {
        minLength: least,
        maxLength: Math.max(least, Math.min(maxItems, 5)),
      });
    }
    case 'string':
      return textsOf(schema);
    case 'integer':
    case 'number':
      return numbersOf(schema);
    case 'boolean':
      return fc.boolean();
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectsOf(schema: JsonSchema, document: Around, depth: number): fc.Arbitrary<unknown> {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema.required ?? []) as readonly string[];
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, placesOf(property, document, depth + 1)]),
  );
  const named = fc.record(model, { requiredKeys: [...required] });
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object' || additionalProperties === null) return named;
  const others = fc.dictionary(
    fc.string({ maxLength: 12 }),
    placesOf(additionalProperties as JsonSchema, document, depth + 1),
    { maxKeys: 4 },
  );
  return fc.tuple(others, named).map(([more, own]) => ({ ...more, ...own }));
}

function textsOf({
  format,
  pattern,
  minLength = 0,
  maxLength = 30,
}: JsonSchema & { minLength?: number; maxLength?: number }) {
  if (format === 'date-time') {
    return fc.oneof(
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
      fc.constantFrom(
        '2026-02-30T00:00:00Z',
        '2026-01-01T00:00:00+14:00',
        '0000-01-01T00:00:00Z',
        '9999-12-31T23:59:59.999999999Z',
      ),
    );
  }
  const plain = fc.string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 30)) });
  const words = fc.constantFrom(
    'monitoring/metrics',
    'monitoring/#',
    'billing',
    'a.b',
    'METRICS',
    'severity == "CRITICAL"',
    'latest',
  );
  const matching = typeof pattern === 'string' ? matches(pattern) : undefined;
  return fc.oneof(...(matching === undefined ? [] : [matching]), plain, words);
}

function matches(pattern: string): fc.Arbitrary<string> | undefined {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch {
    // It has something that fast-check cannot make texts of.
    return undefined;
  }
}

function numbersOf({ type, minimum, maximum }: JsonSchema & { minimum?: number; maximum?: number }) {
  const [min, max] = [Math.max(minimum ?? -1e9, -1e15), Math.min(maximum ?? 1e9, 1e15)];
  const edges = fc.constantFrom(min, max, min - 1, max + 1);
  const inside =
    type === 'integer'
      ? fc.integer({ min: Math.ceil(min), max: Math.floor(Math.min(max, 2 ** 31)) })
      : fc.double({ min, max, noNaN: true });
  return fc.oneof({ weight: 4, arbitrary: inside }, { weight: 1, arbitrary: edges });
}

function target(reference: string, document: JsonSchema): JsonSchema {
  return reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<JsonSchema>((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')] as JsonSchema, document);
}

/** Values that are right, with one place of each changed, taken away or added to. */
export function mutationsOf(examples: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.constantFrom(...examples), fc.nat(), junk, fc.constantFrom('keep', 'replace', 'remove', 'add'))
    .map(([example, place, value, act]) => {
      const whole = { root: structuredClone(example) };
      if (act === 'keep') return whole.root;
      const places = placesIn(whole);
      const { holder, key } = places[place % places.length];
      if (act === 'remove' && key !== 'root') delete holder[key];
      else if (act === 'add') holder[`${key}_more`] = value;
      else holder[key] = value;
      return whole.root;
    });
}

type Holder = Record<string, unknown>;

function placesIn(holder: Holder): { holder: Holder; key: string }[] {
  return Object.keys(holder).flatMap((key) => {
    const value = holder[key];
    const inner = typeof value === 'object' && value !== null ? placesIn(value as Holder) : [];
    return [{ holder, key }, ...inner];
  });
}
