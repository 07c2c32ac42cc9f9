import {
  MAX_SCHEMA_CHARACTERS,
  MAX_SCHEMA_DEPTH,
  MAX_SCHEMA_TYPES,
  parseSchema,
  SchemaProblem,
} from './parse-schema.js';

const messageOf = (text: string): string => {
  try {
    parseSchema(text);
  } catch (error) {
    if (error instanceof SchemaProblem) return error.message;
    throw error;
  }
  return 'taken';
};
const record = (fields: readonly unknown[], more: object = {}) => ({ type: 'record', name: 'R', fields, ...more });

describe('schemas that are none', () => {
  it.each<[string, unknown, string]>([
    ['a number', 1, 'the schema must be a type'],
    ['a name that nobody has', 'Order', 'the schema names the type Order, which is not there'],
    ['a record without fields', { type: 'record', name: 'R' }, '.fields must be a list'],
    ['a record without a name', { type: 'record', fields: [] }, '.name must be a name'],
    ['a name with a blank', record([], { name: 'a b' }), '.name must be a name'],
    ['a name that is a type', record([], { name: 'string' }), '.name must not be string'],
    ['a namespace that is none', record([], { namespace: '1.2' }), '.namespace must be names joined by dots'],
    ['a field that is none', record([7]), '.fields[0] must be an object'],
    ['a field without a name', record([{ type: 'int' }]), '.fields[0].name must be a name'],
    [
      'a field twice',
      record([
        { name: 'a', type: 'int' },
        { name: 'a', type: 'int' },
      ]),
      '.fields[1].name is there twice: a',
    ],
    ['a field of no type', record([{ name: 'a' }]), '.fields[0].type must be a type'],
    ['a type twice', record([{ name: 'a', type: record([]) }]), '.fields[0].type.name is there twice: R'],
    ['symbols that are none', { type: 'enum', name: 'E', symbols: ['a-b'] }, '.symbols must be a list of names'],
    ['no symbols', { type: 'enum', name: 'E', symbols: [] }, '.symbols must be a list of names'],
    ['symbols that are the same', { type: 'enum', name: 'E', symbols: ['A', 'A'] }, '.symbols must differ'],
    ['a size that is none', { type: 'fixed', name: 'F', size: -1 }, '.size must be a number of bytes up to 1048576'],
    ['a union within a union', ['null', ['int']], 'the schema must not have a union within'],
    ['a union of two of a kind', ['string', { type: 'string' }], 'the schema must not have two branches of one type'],
  ])('%s', (_name, schema, message) => {
    expect(messageOf(JSON.stringify(schema))).toBe(message);
  });

  it('text that is no JSON', () => {
    expect(messageOf('record')).toBe('the schema must be JSON');
  });

  it('what is too long, too deep or too much', () => {
    expect(messageOf(`"${'x'.repeat(MAX_SCHEMA_CHARACTERS)}"`)).toContain('at most');
    const deep = `${'{"type":"array","items":'.repeat(MAX_SCHEMA_DEPTH + 1)}"int"${'}'.repeat(MAX_SCHEMA_DEPTH + 1)}`;
    expect(messageOf(deep)).toContain(`must be nested at most ${MAX_SCHEMA_DEPTH} deep`);
    expect(messageOf('['.repeat(100_000))).toBe('the schema must be JSON');
    expect(messageOf(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toContain('nested at most');
    const many = record(Array.from({ length: MAX_SCHEMA_TYPES }, (_, n) => ({ name: `f${n}`, type: 'int' })));
    expect(messageOf(JSON.stringify(many))).toBe(`the schema must have at most ${MAX_SCHEMA_TYPES} types`);
  });

  it('but a field may have any name that is one, and a type may lie within itself', () => {
    const fields = [
      { name: '__proto__', type: ['null', 'R'] },
      { name: 'constructor', type: { type: { type: 'int' } } },
    ];
    expect(parseSchema(JSON.stringify(record(fields)))).toMatchObject({ kind: 'record', name: 'R' });
    expect(messageOf(JSON.stringify(record([], { type: 'error', namespace: '' })))).toBe('taken');
  });
});
