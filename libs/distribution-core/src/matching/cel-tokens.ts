import type { AttributeValue } from '../event.js';

export type Token =
  | { readonly kind: 'name'; readonly text: string; readonly at: number }
  | { readonly kind: 'literal'; readonly value: AttributeValue; readonly at: number }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

/** What is wrong, and the character where. */
export class CelSyntaxError extends Error {
  constructor(
    readonly rule: string,
    readonly at: number,
  ) {
    super(rule);
  }
}

const TOKEN =
  /(?<space>\s+)|(?<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|`(?<quoted>[^`\n]+)`|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<sign>&&|\|\||[=!<>]=|[<>!()[\],.])/uy;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

export function celTokens(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) throw new CelSyntaxError(`unexpected ${JSON.stringify(source[at])}`, at);
    if (groups.number !== undefined) tokens.push({ kind: 'literal', value: Number(groups.number), at });
    else if (groups.text !== undefined) tokens.push({ kind: 'literal', value: unescaped(groups.text, at), at });
    else if (groups.name === 'true' || groups.name === 'false') {
      tokens.push({ kind: 'literal', value: groups.name === 'true', at });
    } else if (groups.sign !== undefined) tokens.push({ kind: 'sign', text: groups.sign, at });
    else if (groups.space === undefined) tokens.push({ kind: 'name', text: groups.name ?? groups.quoted, at });
  }
  tokens.push({ kind: 'end', at: source.length });
  return tokens;
}

function unescaped(quoted: string, at: number): string {
  return quoted.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|.)/gu, (_, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    if (Object.hasOwn(ESCAPES, escape)) return ESCAPES[escape];
    if (/[\\'"`?]/.test(escape)) return escape;
    throw new CelSyntaxError(`unknown escape \\${escape} in a string`, at);
  });
}
