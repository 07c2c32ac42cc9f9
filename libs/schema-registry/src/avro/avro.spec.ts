import type { Json } from '@distributary/distribution-core';
import { AvroFailure } from './avro-failure.js';
import { AvroReader } from './avro-reader.js';
import { AvroWriter } from './avro-writer.js';
import { parseSchema } from './parse-schema.js';

const typeOf = (schema: unknown) => parseSchema(JSON.stringify(schema));
const written = (schema: unknown, value: Json) => new AvroWriter().write(typeOf(schema), value);
const read = (schema: unknown, bytes: readonly number[] | Buffer) =>
  new AvroReader().read(typeOf(schema), Buffer.from(bytes));
const again = (schema: unknown, value: Json) => read(schema, written(schema, value));
const failureOf = (run: () => unknown): AvroFailure => {
  try {
    run();
  } catch (error) {
    if (error instanceof AvroFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
};
const record = (fields: readonly unknown[], name = 'Order') => ({ type: 'record', name, fields });

describe('what Avro values are as JSON', () => {
  it.each<[string, unknown, Json, Json?]>([
    ['a long beyond 2^53 is a text of its digits', 'long', '9007199254740993'],
    ['the smallest long', 'long', '-9223372036854775808'],
    ['the largest long', 'long', '9223372036854775807'],
    ['a long that a number holds is a number', 'long', '-9007199254740991', -9007199254740991],
    ['a number that JSON does not have is a text', 'double', '-Infinity'],
    ['so is that which is none', 'float', 'NaN'],
    ['a decimal keeps its digits', { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 4 }, '-12345.6700'],
    ['a small decimal', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 3 }, '-0.001'],
    ['a decimal without a fraction', { type: 'bytes', logicalType: 'decimal', precision: 9 }, '129'],
    ['a decimal from a number', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }, 12.5, '12.50'],
    [
      'a decimal of fixed size',
      { type: 'fixed', name: 'Money', size: 8, logicalType: 'decimal', precision: 18, scale: 2 },
      '-0.05',
    ],
    ['a date', { type: 'int', logicalType: 'date' }, '1969-12-31'],
    ['a time in milliseconds', { type: 'long', logicalType: 'timestamp-millis' }, '2026-11-21T10:00:00.123Z'],
    ['a time in microseconds', { type: 'long', logicalType: 'timestamp-micros' }, '2026-11-21T10:00:00.123456Z'],
    [
      'a time in tenths of a millisecond',
      { type: 'long', logicalType: 'timestamp-micros' },
      '2026-11-21T10:00:00.1234Z',
      '2026-11-21T10:00:00.123400Z',
    ],
    [
      'a time in hundredths of a millisecond, with a zone',
      { type: 'long', logicalType: 'timestamp-micros' },
      '1969-12-31T12:00:00.99999+01:00',
      '1969-12-31T11:00:00.999990Z',
    ],
    [
      'a time below a microsecond is cut off there',
      { type: 'long', logicalType: 'timestamp-micros' },
      '2026-11-21T10:00:00.1234567Z',
      '2026-11-21T10:00:00.123456Z',
    ],
    ['a time before 1970', { type: 'long', logicalType: 'timestamp-micros' }, '1969-12-31T23:59:59.999999Z'],
    [
      'a time with a zone',
      { type: 'long', logicalType: 'timestamp-millis' },
      '2026-11-21T12:00:00+02:00',
      '2026-11-21T10:00:00.000Z',
    ],
    ['a time as it is counted', { type: 'long', logicalType: 'timestamp-millis' }, 0, '1970-01-01T00:00:00.000Z'],
    ['a time that is beyond all dates', { type: 'long', logicalType: 'timestamp-millis' }, 9e15, 9e15],
    ['a logical type that nobody knows is what it lies on', { type: 'string', logicalType: 'mood' }, 'glad'],
    ['a decimal without precision is its bytes', { type: 'bytes', logicalType: 'decimal' }, 'AQI='],
    ['a field of any name', { type: 'map', values: 'int' }, JSON.parse('{"__proto__":1,"constructor":2}') as Json],
    ['the branch that can hold a number', ['float', 'double'], 1e39],
    ['the second branch of a union', ['null', 'string', 'long'], 5],
    [
      'the branch whose fields it has',
      [record([{ name: 'a', type: 'int' }], 'A'), record([{ name: 'b', type: 'int' }], 'B')],
      { b: 1 },
    ],
  ])('%s', (_name, schema, value, expected = value) => {
    expect(again(schema, value)).toEqual(expected);
  });

  it('reads blocks whose length in bytes is said', () => {
    expect(read({ type: 'array', items: 'int' }, [0x03, 0x04, 0x02, 0x04, 0x02, 0x06, 0x00])).toEqual([1, 2, 3]);
  });

  it('resolves names in their namespaces', () => {
    const schema = record([
      {
        name: 'at',
        type: { type: 'record', name: 'other.Place', fields: [{ name: 'next', type: ['null', 'Place'] }] },
      },
      { name: 'from', type: 'other.Place' },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['BUY', 'SELL'] } },
      { name: 'last', type: 'shop.Kind' },
    ]);
    const value = { at: { next: { next: null } }, from: { next: null }, kind: 'SELL', last: 'BUY' };
    expect(again({ ...schema, namespace: 'shop' }, value)).toEqual(value);
  });
});

describe('writing', () => {
  it('takes defaults for what is missing, null where that may be, and leaves out what the schema does not name', () => {
    const schema = record([
      { name: 'id', type: 'string' },
      { name: 'note', type: ['string', 'null'] },
      { name: 'amount', type: 'long', default: 7 },
      { name: 'mark', type: 'bytes', default: '\u00ff' },
      { name: 'place', type: record([{ name: 'floor', type: 'int', default: 3 }], 'Place'), default: {} },
      { name: 'choice', type: ['int', 'null'], default: 4 },
    ]);
    expect(again(schema, { id: 'a', surplus: 1 })).toEqual({
      id: 'a',
      note: null,
      amount: 7,
      mark: '/w==',
      place: { floor: 3 },
      choice: 4,
    });
  });

  it.each<[string, unknown, Json, string]>([
    ['a field that is missing', record([{ name: 'id', type: 'string' }]), {}, 'id is missing'],
    [
      'a value of another type',
      record([{ name: 'lines', type: { type: 'array', items: record([{ name: 'n', type: 'int' }], 'Line') } }]),
      { lines: [{ n: 1 }, { n: 'x' }] },
      'lines[1].n must be a whole number of 32 bits',
    ],
    ['what may be null and is neither', ['string', 'null'], 5, 'the payload must be a text'],
    ['what suits no branch', ['string', 'null', 'int'], true, 'the payload suits no branch of its union'],
    [
      'a symbol that is not there',
      { type: 'enum', name: 'E', symbols: ['A', 'B'] },
      'C',
      'the payload must be one of A, B',
    ],
    ['a long of 65 bits', 'long', '9223372036854775808', 'the payload must be a whole number of 64 bits'],
    ['a long that was rounded', 'long', 2 ** 53, 'the payload must be a whole number of 64 bits'],
    ['a number beyond what a float holds', 'float', -1e39, 'the payload must be a number that its type can hold'],
    [
      'a number of JSON beyond what a double holds',
      'double',
      JSON.parse('1e400') as Json,
      'the payload must be a number that its type can hold',
    ],
    ['a fraction', 'int', 1.5, 'the payload must be a whole number of 32 bits'],
    ['bytes that are no Base64', 'bytes', '%', 'the payload must be Base64'],
    ['bytes of another size', { type: 'fixed', name: 'F', size: 2 }, 'AQ==', 'the payload must be 2 bytes'],
    [
      'a decimal that would be rounded',
      { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 },
      '1.005',
      'the payload must be a decimal of at most 4 digits, 2 of them after the point',
    ],
    [
      'a decimal that is too large',
      { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 },
      '100',
      'the payload must be a decimal of at most 4 digits, 2 of them after the point',
    ],
    [
      'a time without a zone',
      { type: 'long', logicalType: 'timestamp-millis' },
      '2026-11-21T10:00:00',
      'the payload must be a time',
    ],
    ['a day that is none', { type: 'int', logicalType: 'date' }, '2026-13-01', 'the payload must be a date'],
  ])('refuses %s, and says where', (_name, schema, value, message) => {
    expect(failureOf(() => written(schema, value))).toMatchObject({ reason: 'mismatch', message });
  });

  it.each(['timestamp-millis', 'timestamp-micros'])(
    'takes no longer for a %s the longer its text is',
    (logicalType) => {
      const schema = { type: 'long', logicalType };
      for (const text of ['T'.repeat(50_000), `${'T'.repeat(50_000)}.${'0'.repeat(50_000)}`]) {
        const tookMs = Array.from({ length: 5 }, () => {
          const begun = performance.now();
          expect(failureOf(() => written(schema, text))).toMatchObject({ reason: 'mismatch' });
          return performance.now() - begun;
        });
        // Others may have had the core during some of them.
        expect(Math.min(...tookMs)).toBeLessThan(100);
      }
    },
  );
});

describe('hostile bodies', () => {
  const huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
  const linked = record([{ name: 'next', type: ['null', 'Order'] }]);
  const itself = record([{ name: 'me', type: 'Order' }]);
  /** Twice as many fields with each level, none of which takes a byte. */
  const doubling = (levels: number) => {
    let schema: unknown = record([], 'R0');
    for (let level = 1; level <= levels; level++) {
      const [first, second] = [schema, `R${level - 1}`];
      schema = record(
        [
          { name: 'a', type: first },
          { name: 'b', type: second },
        ],
        `R${level}`,
      );
    }
    return schema;
  };
  const longNames = record(
    Array.from({ length: 200 }, (_, n) => ({ name: `${'n'.repeat(200)}${n}`, type: 'boolean' })),
  );

  it.each<[string, unknown, readonly number[], string]>([
    ['a list of very many nothings', { type: 'array', items: 'null' }, [...huge, 0], 'budget'],
    ['a list of very many records without fields', { type: 'array', items: record([]) }, [...huge, 0], 'budget'],
    [
      'a list of more items than can be counted',
      { type: 'array', items: 'int' },
      [...Array(9).fill(0xff), 1],
      'mismatch',
    ],
    ['a text that is longer than the body', 'string', [...huge, 65], 'mismatch'],
    ['a text of negative length', 'string', [0x01], 'mismatch'],
    ['a text that is not UTF-8', 'string', [0x04, 0xc3, 0x28], 'mismatch'],
    ['a record within itself', itself, [], 'budget'],
    ['a list that goes on for ever', linked, Array(1000).fill(2), 'budget'],
    ['records that double', doubling(30), [], 'budget'],
    [
      'names that are longer than their values',
      { type: 'array', items: longNames },
      [200, 1, ...Array(20_000).fill(0)],
      'budget',
    ],
    ['a number that does not end', 'long', Array(20).fill(0xff), 'mismatch'],
    ['a number of 70 bits', 'long', [...Array(9).fill(0xff), 0x7f], 'mismatch'],
    ['an int of 33 bits', 'int', [0x80, 0x80, 0x80, 0x80, 0x20], 'mismatch'],
    ['a boolean that is 2', 'boolean', [2], 'mismatch'],
    ['a branch that is not there', ['null', 'int'], [4], 'mismatch'],
    ['a symbol that is not there', { type: 'enum', name: 'E', symbols: ['A'] }, [0x01], 'mismatch'],
    ['an empty union', [], [0], 'mismatch'],
    ['bytes after the end', 'int', [2, 0], 'mismatch'],
    ['nothing', 'int', [], 'mismatch'],
    ['half of a double', 'double', [1, 2, 3, 4], 'mismatch'],
    [
      'a very long decimal',
      { type: 'bytes', logicalType: 'decimal', precision: 9 },
      [0x82, 1, ...Array(65).fill(1)],
      'mismatch',
    ],
  ])('refuses %s', (_name, schema, bytes, reason) => {
    const reader = new AvroReader();
    const type = typeOf(schema);
    expect(failureOf(() => reader.read(type, Buffer.from(bytes))).reason).toBe(reason);
    expect(reader.values).toBeLessThanOrEqual(257 + 8 * bytes.length);
  });

  it('says where in the payload it is wrong, and nothing of its contents', () => {
    const schema = record([{ name: 'lines', type: { type: 'array', items: { type: 'map', values: 'boolean' } } }]);
    expect(failureOf(() => read(schema, [2, 2, 2, 65, 9])).message).toBe(
      'lines[0].A has the byte 9 where a boolean is',
    );
  });

  it('writes defaults that double once each, and refuses one that lies within itself', () => {
    let schema: unknown = record([{ name: 'n', type: 'int', default: 1 }], 'R0');
    for (let level = 1; level <= 30; level++) {
      const [first, second] = [schema, `R${level - 1}`];
      const fields = [
        { name: 'a', type: first, default: {} },
        { name: 'b', type: second, default: {} },
      ];
      schema = record(fields, `R${level}`);
    }
    expect(failureOf(() => written(schema, {})).reason).toBe('budget');
    const cyclic = record([{ name: 'me', type: 'Order', default: {} }]);
    expect(failureOf(() => written(cyclic, {}))).toMatchObject({ reason: 'budget' });
  });

  it('stops when unions are tried again and again', () => {
    let schema: unknown = 'boolean';
    for (let level = 0; level < 20; level++) {
      const branch = (name: string) =>
        record([{ name: 'v', type: name === 'A' ? schema : `A${level}` }], `${name}${level}`);
      schema = [branch('A'), branch('B')];
    }
    let value: Json = 'no boolean';
    for (let level = 0; level < 60; level++) value = { v: value };
    expect(['budget', 'mismatch']).toContain(failureOf(() => written(schema, value)).reason);
  });
});
