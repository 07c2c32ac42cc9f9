import avsc from 'avsc';
import fc from 'fast-check';
import type { Json } from '@distributary/distribution-core';
import { arbitrarySchema } from '../testing/arbitrary-avro.js';
import { AvroFailure } from './avro-failure.js';
import { AvroReader } from './avro-reader.js';
import { AvroWriter } from './avro-writer.js';
import { parseSchema, SchemaProblem } from './parse-schema.js';

const RUNS = { numRuns: 60 };

describe('reading and writing Avro, held against avsc', () => {
  const schemaAndValue = arbitrarySchema().chain(({ schema, value }) => value.map((both) => ({ schema, ...both })));

  it('reads what avsc writes, and writes what avsc reads', () => {
    fc.assert(
      fc.property(schemaAndValue, ({ schema, avsc: theirs, json }) => {
        const oracle = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false });
        const type = parseSchema(JSON.stringify(schema));
        const bytes = oracle.toBuffer(theirs);
        expect(new AvroReader().read(type, bytes)).toEqual(json);
        expect(new AvroWriter().write(type, json as Json)).toEqual(bytes);
      }),
      RUNS,
    );
  });

  it('ends within its bounds, with a value or a named failure, whatever the bytes are', () => {
    const reader = new AvroReader();
    fc.assert(
      fc.property(arbitrarySchema(), fc.uint8Array({ maxLength: 200 }), ({ schema }, bytes) => {
        const type = parseSchema(JSON.stringify(schema));
        const before = reader.values;
        try {
          reader.read(type, Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(AvroFailure);
        }
        expect(reader.values - before).toBeLessThanOrEqual(257 + 8 * bytes.length);
      }),
      RUNS,
    );
  });

  it('ends with a value that can be written again, or a named failure, when bytes of a good body are changed', () => {
    const changed = schemaAndValue.chain((one) =>
      fc.tuple(fc.constant(one), fc.nat(), fc.nat(255)).map(([made, at, byte]) => ({ ...made, at, byte })),
    );
    fc.assert(
      fc.property(changed, ({ schema, avsc: theirs, at, byte }) => {
        const bytes = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false }).toBuffer(theirs);
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        const type = parseSchema(JSON.stringify(schema));
        let value: Json;
        try {
          value = new AvroReader().read(type, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AvroFailure);
          return;
        }
        expect(new AvroReader().read(type, new AvroWriter().write(type, value))).toEqual(value);
      }),
      RUNS,
    );
  });

  it('takes or refuses any JSON as a value, and never anything else', () => {
    fc.assert(
      fc.property(arbitrarySchema(), fc.jsonValue(), ({ schema }, value) => {
        const type = parseSchema(JSON.stringify(schema));
        try {
          const bytes = new AvroWriter().write(type, value as Json);
          new AvroReader().read(type, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AvroFailure);
        }
      }),
      RUNS,
    );
  });

  it('refuses any JSON that is no schema with a named problem', () => {
    const words = fc.constantFrom(
      'type',
      'fields',
      'name',
      'record',
      'array',
      'items',
      'int',
      'enum',
      'symbols',
      'union',
    );
    const hostile = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        words,
        fc.jsonValue(),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(words, tie('node'), { maxKeys: 5 }),
      ),
    })).node;
    fc.assert(
      fc.property(hostile, (schema) => {
        try {
          parseSchema(JSON.stringify(schema) ?? '');
        } catch (error) {
          expect(error).toBeInstanceOf(SchemaProblem);
        }
      }),
      RUNS,
    );
  });
});
