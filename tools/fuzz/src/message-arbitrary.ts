import fc from 'fast-check';
import protobuf from 'protobufjs';

const MAX_DEPTH = 5;

/** Texts that fields of messages hold: JSON of events and filters, patterns, names; and what they should not. */
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    'monitoring/#',
    'monitoring/metrics',
    '+',
    '#/a',
    'a.*.b',
    'latest',
    'earliest',
    'snapshot',
    'v1.AAAA',
    '',
  ),
  fc.constantFrom('severity == "CRITICAL"', 'service.startsWith("a")', '{"op":"not","filter":{}}', '((((', '__proto__'),
  fc.constantFrom(
    'exclusive',
    'shared',
    'block',
    'conflate',
    'at_least_once',
    '2026-01-01T00:00:00Z',
    'x'.repeat(70_000),
  ),
);

const metric = {
  data_type: 'METRICS',
  data: { metric_name: 'fuzzed', current_value: 1 },
  metadata: { source_service: 'fuzzer' },
};
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some)),
  fc.jsonValue({ maxDepth: 3 }).map((value) => Buffer.from(JSON.stringify(value))),
  fc
    .integer({ min: 1, max: 4 })
    .map((value) => Buffer.from(JSON.stringify({ ...metric, data: { ...metric.data, current_value: value } }))),
  fc.constant(Buffer.from(`{"data_type":"METRICS","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)),
);

/** Objects that protobufjs encodes as messages of the type. */
export function messagesOf(type: protobuf.Type, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const model = Object.fromEntries(type.fieldsArray.map((field) => [field.name, fieldOf(field, depth)]));
  return fc.record(model, { requiredKeys: [] });
}

function fieldOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  field.resolve();
  const one = scalarOf(field, depth);
  if (field instanceof protobuf.MapField) return fc.dictionary(fc.string({ maxLength: 8 }), one, { maxKeys: 3 });
  return field.repeated ? fc.array(one, { maxLength: 4 }) : one;
}

function scalarOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const { resolvedType, type } = field;
  if (resolvedType instanceof protobuf.Enum) return fc.integer({ min: 0, max: 12 });
  if (resolvedType instanceof protobuf.Type)
    return depth > MAX_DEPTH ? fc.constant({}) : messagesOf(resolvedType, depth + 1);
  switch (type) {
    case 'string':
      return texts;
    case 'bytes':
      return bytes;
    case 'bool':
      return fc.boolean();
    case 'double':
    case 'float':
      return fc.double();
    case 'int32':
    case 'sint32':
      return fc.integer();
    default:
      return fc.oneof(fc.nat(10), fc.nat());
  }
}

/** Bytes of a message, in one of some cases cut, flipped, prolonged or no message at all. */
export function encodedOf(type: protobuf.Type): fc.Arbitrary<Buffer> {
  const whole = messagesOf(type).map((message) => Buffer.from(type.encode(type.fromObject(message)).finish()));
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  return fc.oneof(
    { weight: 12, arbitrary: whole },
    { weight: 1, arbitrary: fc.tuple(whole, part).map(([some, at]) => some.subarray(0, some.length * at)) },
    { weight: 1, arbitrary: fc.tuple(whole, part, fc.nat(255)).map(([some, at, byte]) => flipped(some, at, byte)) },
    {
      weight: 1,
      arbitrary: fc.tuple(whole, fc.uint8Array({ maxLength: 30 })).map(([some, more]) => Buffer.concat([some, more])),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((some) => Buffer.from(some)) },
  );
}

function flipped(some: Buffer, at: number, byte: number): Buffer {
  const changed = Buffer.from(some);
  if (changed.length > 0) changed[Math.min(changed.length - 1, Math.floor(changed.length * at))] = byte;
  return changed;
}
