import fc from 'fast-check';

/** A schema, and values of it as `avsc` has them beside the JSON that means the same here. */
export interface SchemaAndValues {
  readonly schema: unknown;
  readonly value: fc.Arbitrary<{ readonly avsc: unknown; readonly json: unknown }>;
}

const same = (value: unknown) => ({ avsc: value, json: value });

const LEAVES: readonly SchemaAndValues[] = [
  { schema: 'null', value: fc.constant(same(null)) },
  { schema: 'boolean', value: fc.boolean().map(same) },
  { schema: 'int', value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(same) },
  // avsc rounds longs beyond 2^52 when it writes them.
  { schema: 'long', value: fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }).map(same) },
  { schema: 'float', value: fc.float({ noNaN: true, noDefaultInfinity: true }).map((x) => same(Math.fround(x) + 0)) },
  { schema: 'double', value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => same(x + 0)) },
  { schema: 'string', value: fc.string({ unit: 'grapheme' }).map(same) },
  {
    schema: 'bytes',
    value: fc.uint8Array({ maxLength: 20 }).map((bytes) => {
      const avsc = Buffer.from(bytes);
      return { avsc, json: avsc.toString('base64') };
    }),
  },
];

/** Names differ, because a name may be defined once only. */
export function arbitrarySchema(depth = 3): fc.Arbitrary<SchemaAndValues> {
  let names = 0;
  const schemaOf = (level: number): fc.Arbitrary<SchemaAndValues> => {
    const leaf = fc.oneof(
      fc.constantFrom(...LEAVES),
      fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 4 }).map((symbols) => ({
        schema: { type: 'enum', name: `Enum${names++}`, symbols },
        value: fc.constantFrom(...symbols).map(same),
      })),
      fc.integer({ min: 0, max: 9 }).map((size) => ({
        schema: { type: 'fixed', name: `Fixed${names++}`, size },
        value: fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => {
          const avsc = Buffer.from(bytes);
          return { avsc, json: avsc.toString('base64') };
        }),
      })),
    );
    if (level === 0) return leaf;
    const inner = schemaOf(level - 1);
    return fc.oneof(
      leaf,
      inner.map(({ schema, value }) => ({
        schema: { type: 'array', items: schema },
        value: fc.array(value, { maxLength: 4 }).map((items) => ({
          avsc: items.map(({ avsc }) => avsc),
          json: items.map(({ json }) => json),
        })),
      })),
      inner.map(({ schema, value }) => ({
        schema: { type: 'map', values: schema },
        value: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), value, { maxKeys: 4 }).map((entries) => ({
          avsc: Object.fromEntries(Object.entries(entries).map(([name, { avsc }]) => [name, avsc])),
          json: Object.fromEntries(Object.entries(entries).map(([name, { json }]) => [name, json])),
        })),
      })),
      inner
        .filter(({ schema }) => schema !== 'null' && !Array.isArray(schema))
        .map(({ schema, value }) => ({
          schema: ['null', schema],
          value: fc.option(value, { nil: same(null) }),
        })),
      fc.array(inner, { maxLength: 4 }).map((types) => ({
        schema: {
          type: 'record',
          name: `space.Record${names++}`,
          fields: types.map(({ schema }, index) => ({ name: `f${index}`, type: schema })),
        },
        value: fc.tuple(...types.map(({ value }) => value)).map((values) => ({
          avsc: Object.fromEntries(values.map(({ avsc }, index) => [`f${index}`, avsc])),
          json: Object.fromEntries(values.map(({ json }, index) => [`f${index}`, json])),
        })),
      })),
    );
  };
  return schemaOf(depth);
}
