import { invalidRequest } from '../errors/distribution-error.js';
import type { AttributeValue } from '../event.js';
import { CelSyntaxError, celTokens, type Token } from './cel-tokens.js';
import type { RangeClause } from './clause.js';
import type { Filter } from './filter.js';
import { filterFromJson, filterProblems } from './filter-json.js';

export const MAX_CEL_LENGTH = 64 * 1024;
/** Parentheses and negations; the tree that comes out has its own limit. */
const MAX_NESTING = 32;

const FLIPPED: Readonly<Record<string, string>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};
const BOUND = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const;

/**
 * The part of CEL that filters need: `== != < <= > >= && || !`, `in [...]`, `x.startsWith('...')`, `has(x)`, a bare
 * name for "is true", strings, numbers, booleans, dotted names (in back quotes if they are not words). Nothing is ever
 * evaluated that is not a filter. `x != 1` is `!(x == 1)`, so it is true of events that lack x.
 *
 * `request.invalid` at `path` with line and column.
 */
export function filterFromCel(source: string, path = 'filter'): Filter {
  if (source.length > MAX_CEL_LENGTH) {
    throw invalidRequest([{ path, rule: `must be at most ${MAX_CEL_LENGTH} characters` }]);
  }
  let filter: Filter;
  try {
    filter = new CelParser(celTokens(source)).parse();
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    throw invalidRequest([{ path, rule: `${error.rule} at ${placeOf(source, error.at)}` }]);
  }
  const problems = filterProblems(filter, path);
  if (problems.length > 0) throw invalidRequest(problems.map(({ rule }) => ({ path, rule })));
  return filter;
}

/** A text is CEL, anything else is the tree as JSON. */
export function parseFilter(input: unknown, path = 'filter'): Filter {
  return typeof input === 'string' ? filterFromCel(input, path) : filterFromJson(input, path);
}

function placeOf(source: string, at: number): string {
  const before = source.slice(0, at).split('\n');
  return `line ${before.length}, column ${before[before.length - 1].length + 1}`;
}

class CelParser {
  private at = 0;
  private nesting = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parse(): Filter {
    const filter = this.combined('or');
    if (this.token.kind !== 'end') throw this.unexpected('the end');
    return filter;
  }

  private get token(): Token {
    return this.tokens[this.at];
  }

  private combined(op: 'or' | 'and'): Filter {
    const next = () => (op === 'or' ? this.combined('and') : this.unary());
    const filters = [next()];
    while (this.take(op === 'or' ? '||' : '&&')) filters.push(next());
    return filters.length === 1 ? filters[0] : { op, filters };
  }

  private unary(): Filter {
    if (this.take('!')) return this.nested(() => ({ op: 'not', filter: this.unary() }));
    if (this.take('(')) {
      return this.nested(() => {
        const filter = this.combined('or');
        this.need(')');
        return filter;
      });
    }
    if (this.token.kind === 'literal') return this.fromLiteral(this.token.value);
    return this.fromName();
  }

  private nested(parse: () => Filter): Filter {
    if (++this.nesting > MAX_NESTING) throw new CelSyntaxError('nested too deep', this.token.at);
    const filter = parse();
    this.nesting--;
    return filter;
  }

  private fromLiteral(value: AttributeValue): Filter {
    this.at++;
    const relation = this.relation();
    if (relation !== undefined) {
      const at = this.token.at;
      return comparison(this.name(), FLIPPED[relation], value, at);
    }
    if (typeof value !== 'boolean') throw this.unexpected('a comparison');
    return value ? { op: 'and', filters: [] } : { op: 'or', filters: [] };
  }

  private fromName(): Filter {
    const names = this.names();
    const last = names[names.length - 1];
    if (names.length === 1 && last === 'has' && this.take('(')) {
      const attribute = this.name();
      this.need(')');
      return { op: 'exists', attribute };
    }
    if (names.length > 1 && last === 'startsWith' && this.take('(')) {
      const at = this.token.at;
      const value = this.literal();
      if (typeof value !== 'string') throw new CelSyntaxError('startsWith takes a string', at);
      this.need(')');
      return { op: 'prefix', attribute: names.slice(0, -1).join('.'), value };
    }
    const attribute = names.join('.');
    if (this.token.kind === 'name' && this.token.text === 'in') {
      this.at++;
      return { op: 'in', attribute, values: this.list() };
    }
    const relation = this.relation();
    if (relation === undefined) return { op: 'eq', attribute, value: true };
    const { at } = this.token;
    return comparison(attribute, relation, this.literal(), at);
  }

  private list(): AttributeValue[] {
    this.need('[');
    const values: AttributeValue[] = [];
    if (this.take(']')) return values;
    do values.push(this.literal());
    while (this.take(','));
    this.need(']');
    return values;
  }

  private relation(): string | undefined {
    const { token } = this;
    if (token.kind !== 'sign' || !Object.hasOwn(FLIPPED, token.text)) return undefined;
    this.at++;
    return token.text;
  }

  private name(): string {
    return this.names().join('.');
  }

  private names(): string[] {
    const names: string[] = [];
    do {
      const { token } = this;
      if (token.kind !== 'name' || token.text === 'in') throw this.unexpected('a name');
      names.push(token.text);
      this.at++;
    } while (this.take('.'));
    return names;
  }

  private literal(): AttributeValue {
    const { token } = this;
    if (token.kind !== 'literal') throw this.unexpected('a string, a number, true or false');
    this.at++;
    return token.value;
  }

  private take(sign: string): boolean {
    const { token } = this;
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.at++;
    return true;
  }

  private need(sign: string): void {
    if (!this.take(sign)) throw this.unexpected(`"${sign}"`);
  }

  private unexpected(wanted: string): CelSyntaxError {
    const { token } = this;
    const found =
      token.kind === 'end' ? 'the end' : JSON.stringify(token.kind === 'literal' ? token.value : token.text);
    return new CelSyntaxError(`expected ${wanted}, found ${found}`, token.at);
  }
}

function comparison(attribute: string, relation: string, value: AttributeValue, at: number): Filter {
  if (relation === '==') return { op: 'eq', attribute, value };
  if (relation === '!=') return { op: 'not', filter: { op: 'eq', attribute, value } };
  if (typeof value !== 'number') throw new CelSyntaxError(`"${relation}" compares numbers`, at);
  return { op: 'range', attribute, [BOUND[relation as keyof typeof BOUND]]: value };
}

/** Text that {@link filterFromCel} reads as a filter of the same meaning; the patterns of permissions excepted. */
export function filterToCel(filter: Filter): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return joined(filter.op, filter.filters.map(filterToCel));
    case 'not':
      return filter.filter.op === 'eq'
        ? `${nameText(filter.filter.attribute)} != ${JSON.stringify(filter.filter.value)}`
        : `!(${filterToCel(filter.filter)})`;
    case 'eq':
      return `${nameText(filter.attribute)} == ${JSON.stringify(filter.value)}`;
    case 'in':
      return `${nameText(filter.attribute)} in [${filter.values.map((value) => JSON.stringify(value)).join(', ')}]`;
    case 'prefix':
      return `${nameText(filter.attribute)}.startsWith(${JSON.stringify(filter.value)})`;
    case 'exists':
      return `has(${nameText(filter.attribute)})`;
    case 'range':
      return joined('and', boundTexts(filter));
    case 'topic':
      // For people only: no text means it, since it is not the users' to say.
      return `topicMatches(${JSON.stringify(filter.patterns)})`;
  }
}

function boundTexts(range: RangeClause): string[] {
  const name = nameText(range.attribute);
  return Object.entries(BOUND).flatMap(([sign, bound]) =>
    range[bound] === undefined ? [] : `${name} ${sign} ${range[bound]}`,
  );
}

function joined(op: 'and' | 'or', texts: readonly string[]): string {
  if (texts.length === 0) return op === 'and' ? 'true' : 'false';
  return texts.length === 1 ? texts[0] : `(${texts.join(op === 'and' ? ' && ' : ' || ')})`;
}

const WORD = /^[A-Za-z_]\w*$/;
const KEYWORDS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'has', 'startsWith']);

function nameText(attribute: string): string {
  const words = attribute.split('.');
  return words.every((word) => WORD.test(word) && !KEYWORDS.has(word)) ? attribute : `\`${attribute}\``;
}
