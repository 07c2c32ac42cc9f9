import fc from 'fast-check';

/** Something odd in one of so many. */
export const mostly = <Value>(good: fc.Arbitrary<Value>, odd: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ arbitrary: good, weight: 16 }, { arbitrary: odd, weight: 1 });
export const absent = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
export const word = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom('a', 'é', '.', '*', '{', '_', '€'),
});
/** Around the limits of the schemas, and what a parser could stumble over. */
export const name = mostly(
  word,
  fc.constantFrom(
    ...['', '"', 'a\\', '__proto__', 'constructor'],
    ...['x'.repeat(33), 'x'.repeat(101), 'é'.repeat(100), 'x'.repeat(201)],
  ),
);
export const time = mostly(
  fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('2025-02-29T00:00:00Z', '2024-02-29T23:59:59.123456789Z', '2025-06-21T10:00:00+02:00', 'now'),
);

/** Each value as its JSON. */
export const json = <Value>(value: fc.Arbitrary<Value>) => value.map((each) => JSON.stringify(each));

/** The JSON of each field; undefined where there is none. */
export type Fields = Record<string, fc.Arbitrary<string | undefined>>;

/** An object as JSON, its fields in any order. */
export const objectOf = (fields: Fields): fc.Arbitrary<string> =>
  fc.tuple(fc.record(fields), fc.nat()).map(([values, turn]) => {
    const members = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : `"${key}":${value}`));
    const first = turn % Math.max(1, members.length);
    return `{${[...members.slice(first), ...members.slice(0, first)].join(',')}}`;
  });
