import { LinearPattern } from '../pattern/linear-pattern.js';
import { PatternSyntaxError } from '../pattern/pattern-parser.js';
import { joined, type ProblemList } from '../problem-list.js';
import { FORMAT_NAMES } from './schema-formats.js';

export const SCHEMA_DIALECT = 'https://json-schema.org/draft/2020-12/schema';
/** With what `$ref` stands for counted each time. ajv takes about a millisecond for each, and compiles on everybody's loop. */
export const MAX_SCHEMA_NODES = 250;
const MAX_SCHEMA_DEPTH = 32;
/** Of `required` and `dependentRequired`, counted likewise. ajv writes code for each name, and of a list the square of it. */
const MAX_REQUIRED_NAMES = 250;
/** Of `anyOf` and `oneOf`: one that does not fit leaves a problem behind, which is made and thrown away. In checks. */
const ALTERNATIVE_COST = 16;
const ALTERNATIVES: ReadonlySet<string> = new Set(['anyOf', 'oneOf']);
/** What is written otherwise in a reference: of names with these none is found. */
const NO_REFERENCE = /[/~%#\p{Surrogate}]/u;
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What a keyword's value holds: another schema, a list or a map of them, or nothing that is looked into. */
const KEYWORDS: Readonly<Record<string, 'schema' | 'schemas' | 'named' | 'plain'>> = {
  $schema: 'plain',
  $comment: 'plain',
  $defs: 'plain',
  $ref: 'plain',
  title: 'plain',
  description: 'plain',
  default: 'plain',
  examples: 'plain',
  deprecated: 'plain',
  type: 'plain',
  const: 'plain',
  enum: 'plain',
  multipleOf: 'plain',
  maximum: 'plain',
  exclusiveMaximum: 'plain',
  minimum: 'plain',
  exclusiveMinimum: 'plain',
  maxLength: 'plain',
  minLength: 'plain',
  pattern: 'plain',
  format: 'plain',
  maxItems: 'plain',
  minItems: 'plain',
  maxProperties: 'plain',
  minProperties: 'plain',
  required: 'plain',
  dependentRequired: 'plain',
  properties: 'named',
  additionalProperties: 'schema',
  items: 'schema',
  prefixItems: 'schemas',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  not: 'schema',
  if: 'schema',
  then: 'schema',
  else: 'schema',
};

type Schema = Readonly<Record<string, unknown>>;

/**
 * The part of JSON Schema 2020-12 whose cost can be told beforehand: no recursion, no `uniqueItems` (its cost grows with
 * the square), no `patternProperties`, patterns that never go back, `$ref` only to `#/$defs/…`. Adds a problem for each
 * rule that is broken; answers how many checks it makes of one value at most, of which each may find one problem.
 */
export function countSchema(schema: unknown, path: string, problems: ProblemList): number {
  const count = new SchemaCount(schema, path, problems);
  count.of(schema, path, []);
  const { checks } = count;
  count.unreferenced();
  return checks;
}

class SchemaCount {
  /** Schemas, their keywords, and the names that they require. */
  checks = 0;
  private readonly defs: Schema;
  private nodes = 0;
  private requiredNames = 0;
  private isStopped = false;
  private readonly known = new Set<string>();
  private readonly referenced = new Set<string>();

  constructor(
    root: unknown,
    private readonly path: string,
    private readonly problems: ProblemList,
  ) {
    const defs = isSchemaObject(root) ? root.$defs : undefined;
    this.defs = isSchemaObject(defs) ? defs : {};
  }

  /** `through`: the definitions on the way, of which none may come again. */
  of(schema: unknown, path: string, through: readonly string[], depth = 0): void {
    if (this.isStopped) return;
    this.checks++;
    if (++this.nodes > MAX_SCHEMA_NODES) this.stop(path, `must stand for at most ${MAX_SCHEMA_NODES} schemas`);
    else if (depth > MAX_SCHEMA_DEPTH) this.stop(path, `must be nested at most ${MAX_SCHEMA_DEPTH} deep`);
    else if (isSchemaObject(schema)) this.keywords(schema, path, through, depth);
    else if (typeof schema !== 'boolean') this.add(path, 'must be a schema: an object, true or false');
  }

  /**
   * Definitions that nothing refers to check no value, and so have a count of their own; but ajv, and its schema of
   * schemas, look at all of them.
   */
  unreferenced(): void {
    this.nodes = 0;
    this.requiredNames = 0;
    for (const [name, schema] of Object.entries(this.defs)) {
      if (name === '$id') this.add(this.definitionPath(name), 'must not be the name of a definition');
      if (!this.referenced.has(name)) this.of(schema, this.definitionPath(name), [name], 1);
    }
  }

  private definitionPath(name: string): string {
    return joined(joined(this.path, '$defs'), name);
  }

  private stop(path: string, rule: string): void {
    this.isStopped = true;
    this.add(path, rule);
  }

  /** A definition is looked at each time that something refers to it; what is wrong with it is told once. */
  private add(path: string, rule: string): void {
    if (this.known.has(`${path} ${rule}`)) return;
    this.known.add(`${path} ${rule}`);
    this.problems.add(path, rule);
  }

  private keywords(schema: Schema, path: string, through: readonly string[], depth: number): void {
    this.required(schema, path);
    for (const [keyword, value] of Object.entries(schema)) {
      this.checks++;
      const at = joined(path, keyword);
      const kind = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
      if (kind === undefined) this.add(at, 'is not available here');
      else if (kind === 'schema') this.of(value, at, through, depth + 1);
      else if (kind === 'schemas' && Array.isArray(value)) {
        if (ALTERNATIVES.has(keyword)) this.checks += ALTERNATIVE_COST * value.length;
        value.forEach((part, index) => this.of(part, `${at}[${index}]`, through, depth + 1));
      } else if (kind === 'named' && isSchemaObject(value)) {
        for (const [name, part] of Object.entries(value)) {
          if (FORBIDDEN.has(name)) this.add(at, 'must not name what belongs to JavaScript');
          this.of(part, joined(at, name), through, depth + 1);
        }
      }
    }
    this.pattern(schema.pattern, joined(path, 'pattern'));
    if (schema.format !== undefined && !FORMAT_NAMES.includes(String(schema.format))) {
      this.add(joined(path, 'format'), `must be one of ${FORMAT_NAMES.join(', ')}`);
    }
    if (schema.$schema !== undefined && schema.$schema !== SCHEMA_DIALECT) {
      this.add(joined(path, '$schema'), `must be ${SCHEMA_DIALECT}`);
    }
    if (depth > 0 && schema.$defs !== undefined) this.add(joined(path, '$defs'), 'must be at the root');
    if (schema.$ref !== undefined) this.reference(schema.$ref, joined(path, '$ref'), through, depth);
  }

  private required({ required, dependentRequired }: Schema, path: string): void {
    const dependent = isSchemaObject(dependentRequired) ? Object.values(dependentRequired) : [];
    const names = [required, ...dependent].reduce<number>(
      (sum, list) => sum + (Array.isArray(list) ? list.length : 0),
      dependent.length,
    );
    this.checks += names;
    this.requiredNames += names;
    if (this.requiredNames > MAX_REQUIRED_NAMES) {
      this.stop(path, `must name at most ${MAX_REQUIRED_NAMES} fields in required and dependentRequired, in all`);
    }
  }

  private pattern(pattern: unknown, path: string): void {
    if (typeof pattern !== 'string') return;
    try {
      new LinearPattern(pattern);
    } catch (error) {
      if (!(error instanceof PatternSyntaxError)) throw error;
      this.add(path, `${error.rule} at character ${error.at}`);
    }
  }

  private reference(reference: unknown, path: string, through: readonly string[], depth: number): void {
    const name = typeof reference === 'string' && reference.startsWith('#/$defs/') ? reference.slice(8) : undefined;
    if (name === undefined || NO_REFERENCE.test(name) || FORBIDDEN.has(name) || !Object.hasOwn(this.defs, name)) {
      this.add(path, 'must be "#/$defs/" and the name of a definition');
      return;
    }
    this.referenced.add(name);
    if (through.includes(name)) this.add(path, 'must not lead back to itself');
    else this.of(this.defs[name], this.definitionPath(name), [...through, name], depth + 1);
  }
}

const isSchemaObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
