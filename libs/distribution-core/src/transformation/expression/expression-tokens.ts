import { ExpressionSyntaxError } from './expression-syntax-error.js';

export type ExpressionToken =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'name'; readonly value: string; readonly isQuoted: boolean; readonly at: number }
  | { readonly kind: 'sign'; readonly value: string; readonly at: number }
  | { readonly kind: 'end'; readonly value: ''; readonly at: number };

/** Each alternative begins differently and repeats a single class, so the text is read once, without going back. */
const TOKEN =
  /(?<space>\s+)|(?<number>(?:\d+(?:\.\d+)?)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|`(?<quoted>[^`\n]+)`|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<sign>&&|\|\||[=!<>]=|[-+*/%?:<>!()[\]{},.])/uy;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', a: '\x07', v: '\v' };

export function expressionTokens(source: string): ExpressionToken[] {
  const tokens: ExpressionToken[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) throw new ExpressionSyntaxError(`unexpected ${JSON.stringify(source[at])}`, at);
    const { space, number, name, quoted, text, sign } = groups as Readonly<Record<string, string | undefined>>;
    if (number !== undefined) tokens.push({ kind: 'number', value: numberOf(number, at), at });
    else if (text !== undefined) tokens.push({ kind: 'text', value: unescaped(text, at), at });
    else if (name !== undefined) tokens.push({ kind: 'name', value: name, isQuoted: false, at });
    else if (quoted !== undefined) tokens.push({ kind: 'name', value: quoted, isQuoted: true, at });
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign, at });
    else if (space === undefined) throw new ExpressionSyntaxError('unreadable', at);
  }
  tokens.push({ kind: 'end', value: '', at: source.length });
  return tokens;
}

function numberOf(text: string, at: number): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new ExpressionSyntaxError(`${text} is too large a number`, at);
  return value;
}

function unescaped(quoted: string, at: number): string {
  return quoted.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/gu, (_, escape: string) => {
    if (escape.length > 1) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    if (Object.hasOwn(ESCAPES, escape)) return ESCAPES[escape];
    if (/[\\'"`?]/.test(escape)) return escape;
    throw new ExpressionSyntaxError(`unknown escape \\${escape} in a string`, at);
  });
}
