import type { Json } from '../json-value.js';
import { ExpressionSyntaxError } from './expression-syntax-error.js';
import { type ExpressionToken, expressionTokens } from './expression-tokens.js';
import { type BinarySign, type Macro, MACROS, type Tree } from './expression-tree.js';

export const MAX_EXPRESSION_LENGTH = 4096;
export const MAX_EXPRESSION_NODES = 256;
/** Parentheses, lists, conditions, negations: whatever makes the parser call itself. */
export const MAX_EXPRESSION_NESTING = 24;

/** Each row binds tighter than the one before; all of them from left to right. */
const LEVELS: readonly (readonly BinarySign[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];
const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** The CEL text of a value as a tree. Throws {@link ExpressionSyntaxError}. */
export function parseExpression(source: string): Tree {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionSyntaxError(`must be at most ${MAX_EXPRESSION_LENGTH} characters`, 0);
  }
  return new ExpressionParser(expressionTokens(source)).parse();
}

class ExpressionParser {
  private at = 0;
  private nesting = 0;
  private nodes = 0;

  constructor(private readonly tokens: readonly ExpressionToken[]) {}

  parse(): Tree {
    const tree = this.expression();
    if (this.token.kind !== 'end') throw this.unexpected('the end');
    return tree;
  }

  private get token(): ExpressionToken {
    return this.tokens[this.at];
  }

  private expression(): Tree {
    return this.nested(() => {
      const test = this.binary(0);
      const { at } = this.token;
      if (!this.take('?')) return test;
      const then = this.binary(0);
      this.need(':');
      return this.node({ kind: 'conditional', test, then, otherwise: this.expression(), at });
    });
  }

  private binary(level: number): Tree {
    if (level === LEVELS.length) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const { at } = this.token;
      const sign = this.takeOneOf(LEVELS[level]);
      if (sign === undefined) return left;
      left = this.node({ kind: 'binary', sign, left, right: this.binary(level + 1), at });
    }
  }

  private unary(): Tree {
    const { at } = this.token;
    if (this.take('!')) return this.nested(() => this.node({ kind: 'not', of: this.unary(), at }));
    if (this.take('-')) return this.nested(() => this.node({ kind: 'negative', of: this.unary(), at }));
    return this.member();
  }

  private member(): Tree {
    let tree = this.primary();
    for (;;) {
      const { at } = this.token;
      if (this.take('.')) {
        const name = this.name();
        tree = this.take('(') ? this.method(tree, name, at) : this.node({ kind: 'field', of: tree, name, at });
      } else if (this.take('[')) {
        const index = this.expression();
        this.need(']');
        tree = this.node({ kind: 'index', of: tree, index, at });
      } else return tree;
    }
  }

  private method(of: Tree, name: string, at: number): Tree {
    if (!(MACROS as readonly string[]).includes(name)) {
      return this.node({ kind: 'call', name, args: [of, ...this.list(')')], isMethod: true, at });
    }
    const macro = name as Macro;
    const { at: variableAt } = this.token;
    const variable = this.name();
    const bodies: Tree[] = [];
    while (this.take(',')) bodies.push(this.expression());
    this.need(')');
    if (bodies.length !== 1 && !(macro === 'map' && bodies.length === 2)) {
      throw new ExpressionSyntaxError(`${macro} takes a name and an expression`, variableAt);
    }
    return this.node({ kind: 'macro', macro, of, variable, bodies, at });
  }

  private primary(): Tree {
    const { token } = this;
    if (token.kind === 'number' || token.kind === 'text') {
      this.at++;
      return this.node({ kind: 'literal', value: token.value });
    }
    if (token.kind === 'name') return this.fromName(token);
    if (this.take('(')) {
      const tree = this.expression();
      this.need(')');
      return tree;
    }
    if (this.take('[')) return this.node({ kind: 'list', items: this.list(']') });
    if (this.take('{')) return this.map(token.at);
    throw this.unexpected('a value');
  }

  private fromName(token: ExpressionToken & { kind: 'name' }): Tree {
    const { at } = token;
    const word = token.isQuoted ? undefined : WORDS.get(token.value);
    if (word !== undefined) {
      this.at++;
      return this.node({ kind: 'literal', value: word });
    }
    const name = this.name();
    if (!this.take('(')) return this.node({ kind: 'name', name, at });
    if (name !== 'has') return this.node({ kind: 'call', name, args: this.list(')'), isMethod: false, at });
    const of = this.expression();
    this.need(')');
    if (of.kind !== 'field') throw new ExpressionSyntaxError('has takes a field, as in has(data.name)', at);
    return { ...of, kind: 'has' };
  }

  private map(at: number): Tree {
    const entries: [Tree, Tree][] = [];
    if (!this.take('}')) {
      do {
        const key = this.expression();
        this.need(':');
        entries.push([key, this.expression()]);
      } while (this.take(','));
      this.need('}');
    }
    return this.node({ kind: 'map', entries, at });
  }

  /** What is left of a list whose opening sign is read. */
  private list(close: string): Tree[] {
    const items: Tree[] = [];
    if (this.take(close)) return items;
    do items.push(this.expression());
    while (this.take(','));
    this.need(close);
    return items;
  }

  private name(): string {
    const { token } = this;
    if (token.kind !== 'name' || (!token.isQuoted && token.value === 'in')) throw this.unexpected('a name');
    this.at++;
    return token.value;
  }

  private node(tree: Tree): Tree {
    if (++this.nodes > MAX_EXPRESSION_NODES) {
      throw new ExpressionSyntaxError(`must have at most ${MAX_EXPRESSION_NODES} parts`, this.token.at);
    }
    return tree;
  }

  private nested(parse: () => Tree): Tree {
    if (++this.nesting > MAX_EXPRESSION_NESTING) {
      throw new ExpressionSyntaxError(`must be nested at most ${MAX_EXPRESSION_NESTING} deep`, this.token.at);
    }
    const tree = parse();
    this.nesting--;
    return tree;
  }

  private take(sign: string): boolean {
    const { token } = this;
    if (token.kind !== 'sign' || token.value !== sign) return false;
    this.at++;
    return true;
  }

  private takeOneOf(signs: readonly BinarySign[]): BinarySign | undefined {
    const { token } = this;
    const isSign = token.kind === 'sign' || (token.kind === 'name' && !token.isQuoted && token.value === 'in');
    if (!isSign) return undefined;
    const found = signs.find((sign) => sign === token.value);
    if (found !== undefined) this.at++;
    return found;
  }

  private need(sign: string): void {
    if (!this.take(sign)) throw this.unexpected(`"${sign}"`);
  }

  private unexpected(wanted: string): ExpressionSyntaxError {
    const { token } = this;
    const found = token.kind === 'end' ? 'the end' : JSON.stringify(token.value);
    return new ExpressionSyntaxError(`expected ${wanted}, found ${found}`, token.at);
  }
}
