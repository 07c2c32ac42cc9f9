import Big from 'big.js';
import { MAX_EVENT_DEPTH } from './event-depth.js';

/**
 * Of a number whose digits a binary number may not hold: it has many, or is next to nothing. Most texts have none, and are
 * looked at no further.
 */
const MAY_ROUND = /\d[\d.]{15}|(?:^|[:,[\s])-?\d[\d.]*[eE]-\d{3}/;
const NEXT_TO_NOTHING = /[eE]-\d{3}/;
/** Texts first, so that digits within them are passed over. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
/** No feed begins a text with it. One that does is told that its text is a number. */
const MARK = '\u0000';
const MARK_IN_JSON = '\\u0000';

export interface ExactJson {
  readonly value: unknown;
  /** Of numbers that lost digits when they were read; where they stand, as `[0].data.price`. */
  readonly rounded: readonly string[];
}

/** As {@link readExactJson} where the digits count, else as `parse` reads it. */
export function readJson(text: string, keepsDigits: boolean | undefined, parse: (text: string) => unknown): ExactJson {
  return keepsDigits === true ? readExactJson(text, parse) : { value: parse(text), rounded: [] };
}

/** As `parse`, which a text is given to, but it says which numbers are not those that were written. */
export function readExactJson(text: string, parse: (text: string) => unknown): ExactJson {
  if (!MAY_ROUND.test(text)) return { value: parse(text), rounded: [] };
  let isMarked = false;
  const marked = text.replace(TOKENS, (token) => {
    if (token.startsWith('"') || isShort(token) || holdsAllDigits(token)) return token;
    isMarked = true;
    return `"${MARK_IN_JSON}${token}"`;
  });
  const value = parse(marked);
  return { value, rounded: isMarked ? markedPlaces(value, '', 0) : [] };
}

const isShort = (token: string): boolean => token.length < 16 && !NEXT_TO_NOTHING.test(token);

function holdsAllDigits(token: string): boolean {
  const read = Number(token);
  // What is too great for any number is refused as such.
  return !Number.isFinite(read) || new Big(token).eq(String(read));
}

/** No deeper than events go, which in a body lie in a list of an object. */
function markedPlaces(value: unknown, path: string, depth: number): string[] {
  if (typeof value === 'string') return value.startsWith(MARK) ? [path] : [];
  if (depth > MAX_EVENT_DEPTH + 2) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => markedPlaces(item, `${path}[${index}]`, depth + 1));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    markedPlaces(item, path === '' ? name : `${path}.${name}`, depth + 1),
  );
}
