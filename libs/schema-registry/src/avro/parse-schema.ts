import { type Problem } from '@distributary/distribution-core';
import type { AvroField, AvroType } from './avro-type.js';
import { branchNameOf } from './avro-type.js';
import { logicalOf } from './logical-types.js';

/** Schemas come from whoever may write to the registry, so nothing of them is trusted. */
export const MAX_SCHEMA_CHARACTERS = 256 * 1024;
export const MAX_SCHEMA_DEPTH = 64;
export const MAX_SCHEMA_TYPES = 5_000;
const MAX_NAME_LENGTH = 500;
const MAX_FIXED_BYTES = 1024 * 1024;

const NAME = /^[A-Za-z_]\w*$/;
const FULL_NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;
const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
type Primitive = (typeof PRIMITIVES)[number];
const isPrimitive = (name: unknown): name is Primitive => (PRIMITIVES as readonly unknown[]).includes(name);

type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with a schema; the first thing, since what follows from it says nothing. */
export class SchemaProblem extends Error {
  constructor(
    readonly path: string,
    readonly rule: string,
  ) {
    super(`${path === '' ? 'the schema' : path} ${rule}`);
  }

  get problem(): Problem {
    return { path: this.path, rule: this.rule };
  }
}

/**
 * Reads an Avro schema (1.11) from its JSON text; throws {@link SchemaProblem}. Its time and memory are bounded by the
 * limits above, whatever the text says: defaults are kept as they are and made into values only when one is needed.
 */
export function parseSchema(text: string): AvroType {
  if (text.length > MAX_SCHEMA_CHARACTERS) {
    throw new SchemaProblem('', `must be at most ${MAX_SCHEMA_CHARACTERS} characters`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SchemaProblem('', 'must be JSON');
  }
  return new SchemaParser().typeOf(json, '', undefined, 0);
}

class SchemaParser {
  private readonly named = new Map<string, AvroType>();
  private count = 0;

  typeOf(schema: unknown, path: string, namespace: string | undefined, depth: number): AvroType {
    if (depth > MAX_SCHEMA_DEPTH) throw new SchemaProblem(path, `must be nested at most ${MAX_SCHEMA_DEPTH} deep`);
    if (++this.count > MAX_SCHEMA_TYPES) throw new SchemaProblem('', `must have at most ${MAX_SCHEMA_TYPES} types`);
    if (typeof schema === 'string') return this.byName(schema, path, namespace);
    if (Array.isArray(schema)) return this.union(schema, path, namespace, depth);
    if (typeof schema !== 'object' || schema === null) throw new SchemaProblem(path, 'must be a type');
    return this.complex(schema as Fields, path, namespace, depth);
  }

  private byName(name: string, path: string, namespace: string | undefined): AvroType {
    if (isPrimitive(name)) return { kind: name };
    const known = this.named.get(qualified(name, namespace)) ?? this.named.get(name);
    if (known === undefined) throw new SchemaProblem(path, `names the type ${shown(name)}, which is not there`);
    return known;
  }

  private union(schemas: readonly unknown[], path: string, namespace: string | undefined, depth: number): AvroType {
    const branches = schemas.map((each, index) => this.typeOf(each, `${path}[${index}]`, namespace, depth + 1));
    if (branches.some(({ kind }) => kind === 'union')) throw new SchemaProblem(path, 'must not have a union within');
    const names = branches.map(branchNameOf);
    if (new Set(names).size < names.length) throw new SchemaProblem(path, 'must not have two branches of one type');
    return { kind: 'union', branches };
  }

  private complex(schema: Fields, path: string, namespace: string | undefined, depth: number): AvroType {
    const { type } = schema;
    switch (type) {
      case 'record':
      case 'error':
        return this.record(schema, path, namespace, depth);
      case 'enum':
        return this.enumeration(schema, path, namespace);
      case 'fixed':
        return this.fixed(schema, path, namespace);
      case 'array':
        return { kind: 'array', items: this.typeOf(schema.items, `${path}.items`, namespace, depth + 1) };
      case 'map':
        return { kind: 'map', values: this.typeOf(schema.values, `${path}.values`, namespace, depth + 1) };
      case 'int':
      case 'long':
      case 'bytes': {
        const logical = logicalOf(schema, type, Number.MAX_SAFE_INTEGER);
        return { kind: type, ...(logical === undefined ? {} : { logical }) };
      }
      default:
        // `{ "type": "string" }`, `{ "type": { "type": … } }`, `{ "type": "some.Name" }`.
        return this.typeOf(type, `${path}.type`, namespace, depth + 1);
    }
  }

  private record(schema: Fields, path: string, outer: string | undefined, depth: number): AvroType {
    const { name, namespace } = nameOf(schema, path, outer);
    const fields: AvroField[] = [];
    this.define(name, { kind: 'record', name, fields }, path);
    if (!Array.isArray(schema.fields)) throw new SchemaProblem(`${path}.fields`, 'must be a list');
    const names = new Set<string>();
    for (const [index, field] of (schema.fields as unknown[]).entries()) {
      const at = `${path}.fields[${index}]`;
      if (typeof field !== 'object' || field === null) throw new SchemaProblem(at, 'must be an object');
      const { name: fieldName, type, default: json } = field as Fields;
      if (typeof fieldName !== 'string' || fieldName.length > MAX_NAME_LENGTH || !NAME.test(fieldName)) {
        throw new SchemaProblem(`${at}.name`, 'must be a name');
      }
      if (names.has(fieldName)) throw new SchemaProblem(`${at}.name`, `is there twice: ${shown(fieldName)}`);
      names.add(fieldName);
      const defaultValue = json === undefined ? undefined : { json };
      fields.push({ name: fieldName, type: this.typeOf(type, `${at}.type`, namespace, depth + 1), defaultValue });
    }
    return this.named.get(name) as AvroType;
  }

  private enumeration(schema: Fields, path: string, outer: string | undefined): AvroType {
    const { name } = nameOf(schema, path, outer);
    const { symbols } = schema;
    const areNames =
      Array.isArray(symbols) && symbols.every((symbol) => typeof symbol === 'string' && NAME.test(symbol));
    if (!areNames || symbols.length === 0) throw new SchemaProblem(`${path}.symbols`, 'must be a list of names');
    const indexes = new Map((symbols as readonly string[]).map((symbol, index) => [symbol, index]));
    if (indexes.size < symbols.length) throw new SchemaProblem(`${path}.symbols`, 'must differ');
    return this.define(name, { kind: 'enum', name, symbols: symbols as readonly string[], indexes }, path);
  }

  private fixed(schema: Fields, path: string, outer: string | undefined): AvroType {
    const { name } = nameOf(schema, path, outer);
    const { size } = schema;
    if (!Number.isInteger(size) || (size as number) < 0 || (size as number) > MAX_FIXED_BYTES) {
      throw new SchemaProblem(`${path}.size`, `must be a number of bytes up to ${MAX_FIXED_BYTES}`);
    }
    const logical = logicalOf(schema, 'fixed', size as number);
    const type: AvroType = { kind: 'fixed', name, size: size as number, ...(logical === undefined ? {} : { logical }) };
    return this.define(name, type, path);
  }

  private define(name: string, type: AvroType, path: string): AvroType {
    if (this.named.has(name)) throw new SchemaProblem(`${path}.name`, `is there twice: ${shown(name)}`);
    this.named.set(name, type);
    return type;
  }
}

/** A name with dots says its own namespace, which holds for what lies within as well. */
function nameOf(
  { name, namespace: given }: Fields,
  path: string,
  outer: string | undefined,
): { readonly name: string; readonly namespace: string | undefined } {
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH || !FULL_NAME.test(name)) {
    throw new SchemaProblem(`${path}.name`, 'must be a name');
  }
  const isNamespace = given === undefined || given === '' || (typeof given === 'string' && FULL_NAME.test(given));
  if (!isNamespace || (given?.length ?? 0) > MAX_NAME_LENGTH) {
    throw new SchemaProblem(`${path}.namespace`, 'must be names joined by dots');
  }
  if (isPrimitive(name)) throw new SchemaProblem(`${path}.name`, `must not be ${name}`);
  const dot = name.lastIndexOf('.');
  if (dot >= 0) return { name, namespace: name.slice(0, dot) };
  const namespace = given === undefined ? outer : given === '' ? undefined : given;
  return { name: qualified(name, namespace), namespace };
}

const qualified = (name: string, namespace: string | undefined): string =>
  name.includes('.') || namespace === undefined ? name : `${namespace}.${name}`;

const shown = (name: string): string => name.slice(0, 100);
