import { invalidRequest, type Problem } from '../errors/distribution-error.js';
import type { AttributeValue } from '../event.js';
import type { Filter } from './filter.js';

export const MAX_FILTER_DEPTH = 16;
export const MAX_FILTER_CLAUSES = 256;
export const MAX_FILTER_VALUES = 1000;
export const MAX_FILTER_STRING = 1024;

/** What users may write: patterns over topics come with permissions only. */
type UserOp = Exclude<Filter['op'], 'topic'>;

const KEYS: Readonly<Record<UserOp, readonly string[]>> = {
  eq: ['attribute', 'value'],
  in: ['attribute', 'values'],
  range: ['attribute', 'gt', 'gte', 'lt', 'lte'],
  prefix: ['attribute', 'value'],
  exists: ['attribute'],
  and: ['filters'],
  or: ['filters'],
  not: ['filter'],
};
const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const;

type Fields = Readonly<Record<string, unknown>>;

/** The filter tree as JSON has it. `request.invalid` with every problem and its path. */
export function filterFromJson(value: unknown, path = 'filter'): Filter {
  const problems = filterProblems(value, path);
  if (problems.length > 0) throw invalidRequest(problems);
  return copyOf(value as Filter);
}

export function filterProblems(value: unknown, path = 'filter'): Problem[] {
  return new FilterCheck().run(value, path);
}

/** What {@link filterFromJson} reads back. */
export function filterToJson(filter: Filter): unknown {
  return copyOf(filter);
}

class FilterCheck {
  private readonly problems: Problem[] = [];
  private clauses = 0;

  run(value: unknown, path: string): Problem[] {
    this.filter(value, path, 1);
    if (this.clauses > MAX_FILTER_CLAUSES) this.broken(path, `must have at most ${MAX_FILTER_CLAUSES} clauses`);
    return this.problems;
  }

  private filter(value: unknown, path: string, depth: number): void {
    if (depth > MAX_FILTER_DEPTH) return this.broken(path, `must be nested at most ${MAX_FILTER_DEPTH} deep`);
    if (!isFields(value)) return this.broken(path, 'must be an object');
    const { op } = value;
    if (typeof op !== 'string' || !Object.hasOwn(KEYS, op)) {
      return this.broken(`${path}.op`, `must be one of ${Object.keys(KEYS).join(', ')}`);
    }
    const known = KEYS[op as UserOp];
    for (const key of Object.keys(value)) {
      if (key !== 'op' && !known.includes(key)) this.broken(`${path}.${key}`, `must not be given for "${op}"`);
    }
    this.clauses++;
    // What lies beyond the limit is not looked at, so that the check itself is bounded.
    if (this.clauses > MAX_FILTER_CLAUSES) return;
    if (op === 'not') return this.filter(value.filter, `${path}.filter`, depth + 1);
    if (op === 'and' || op === 'or') return this.parts(value.filters, `${path}.filters`, depth + 1);
    this.clause(op as 'eq' | 'in' | 'range' | 'prefix' | 'exists', value, path);
  }

  private parts(value: unknown, path: string, depth: number): void {
    if (!Array.isArray(value)) return this.broken(path, 'must be a list of filters');
    value.slice(0, MAX_FILTER_CLAUSES + 1).forEach((part, index) => this.filter(part, `${path}[${index}]`, depth));
  }

  private clause(op: 'eq' | 'in' | 'range' | 'prefix' | 'exists', fields: Fields, path: string): void {
    this.text(fields.attribute, `${path}.attribute`);
    if (fields.attribute === '') this.broken(`${path}.attribute`, 'must not be empty');
    switch (op) {
      case 'eq':
        return this.scalar(fields.value, `${path}.value`);
      case 'in':
        return this.values(fields.values, `${path}.values`);
      case 'prefix':
        return this.text(fields.value, `${path}.value`);
      case 'range':
        return this.range(fields, path);
      case 'exists':
        return;
    }
  }

  private values(value: unknown, path: string): void {
    if (!Array.isArray(value)) return this.broken(path, 'must be a list of values');
    if (value.length > MAX_FILTER_VALUES) return this.broken(path, `must have at most ${MAX_FILTER_VALUES} values`);
    value.forEach((entry, index) => this.scalar(entry, `${path}[${index}]`));
  }

  private range(fields: Fields, path: string): void {
    const given = BOUNDS.filter((bound) => fields[bound] !== undefined);
    if (given.length === 0) this.broken(path, 'must have a bound: gt, gte, lt or lte');
    for (const bound of given) {
      if (!Number.isFinite(fields[bound])) this.broken(`${path}.${bound}`, 'must be a number');
    }
  }

  private scalar(value: unknown, path: string): void {
    if (typeof value === 'string') this.text(value, path);
    else if (!Number.isFinite(value) && typeof value !== 'boolean') {
      this.broken(path, 'must be a string, a number, true or false');
    }
  }

  private text(value: unknown, path: string): void {
    if (typeof value !== 'string') this.broken(path, 'must be a string');
    else if (value.length > MAX_FILTER_STRING) this.broken(path, `must be at most ${MAX_FILTER_STRING} characters`);
  }

  private broken(path: string, rule: string): void {
    this.problems.push({ path, rule });
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Only what the language knows, so that nobody's object is kept or shared. */
function copyOf(filter: Filter): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { op: filter.op, filters: filter.filters.map(copyOf) };
    case 'not':
      return { op: 'not', filter: copyOf(filter.filter) };
    case 'eq':
      return { op: 'eq', attribute: filter.attribute, value: filter.value };
    case 'in':
      return { op: 'in', attribute: filter.attribute, values: [...filter.values] as AttributeValue[] };
    case 'prefix':
      return { op: 'prefix', attribute: filter.attribute, value: filter.value };
    case 'exists':
      return { op: 'exists', attribute: filter.attribute };
    case 'topic':
      return { op: 'topic', patterns: [...filter.patterns] };
    case 'range': {
      const bounds = BOUNDS.filter((bound) => filter[bound] !== undefined).map((bound) => [bound, filter[bound]]);
      return {
        op: 'range',
        attribute: filter.attribute,
        ...(Object.fromEntries(bounds) as Partial<Record<string, number>>),
      };
    }
  }
}
