import { createHash } from 'node:crypto';
import type { MarketDataType } from '@distributary/contracts';

/** Of a routing key: the symbol, the exchange, and what kind of event it is. */
export interface KeyParts {
  readonly symbol: string;
  readonly exchange: string;
  readonly dataType: MarketDataType;
}

const KINDS: Readonly<Record<MarketDataType, string>> = {
  TRADE: 'trade',
  QUOTE: 'quote',
  BAR: 'bar',
  STATUS: 'status',
};
const TYPES: ReadonlyMap<string, MarketDataType> = new Map(
  Object.entries(KINDS).map(([type, kind]) => [kind, type as MarketDataType]),
);

const PLAIN = /^[A-Za-z0-9-]+$/;
const UNESCAPED = /[^A-Za-z0-9-]/gu;
const ESCAPE = /_([0-9a-f]{2})/g;
const WORD = /^(?:[A-Za-z0-9-]|_[0-9a-f]{2})+$/;

/** Stands where the symbol would, of events that are about a source. No symbol is written so: `_` is always an escape. */
const SOURCE_WORD = '_source';

/**
 * A name as one word of a routing key: letters, digits and hyphens as they are, any other byte as `_` and two hex digits, as
 * in the names of topics. `BRK.B` is `BRK_2eB`: a dot would make it two words, of which the first decides the lane.
 */
export function wordOf(name: string): string {
  if (PLAIN.test(name)) return name;
  return name.replace(UNESCAPED, (character) =>
    [...Buffer.from(character)].map((byte) => `_${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** The name that {@link wordOf} made the word of; undefined if it made none such. */
export function nameOfWord(word: string): string | undefined {
  if (PLAIN.test(word)) return word;
  if (!WORD.test(word)) return undefined;
  const name = Buffer.from(
    word.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
  return wordOf(name) === word ? name : undefined;
}

/** `AAPL.NASDAQ.trade`: everything of a symbol lies in one lane, in order. */
export const routingKeyOf = ({ symbol, exchange, dataType }: KeyParts): string =>
  `${wordOf(symbol)}.${wordOf(exchange)}.${KINDS[dataType]}`;

/** Beyond it a name of a hundred letters, each of many bytes, would make a longer key than there may be. */
const MAX_SOURCE_WORD = 400;

/** `_source.nasdaq-itch.status`: of what is about a source, and not about a symbol. */
export function sourceKeyOf(source: string): string {
  const word = wordOf(source);
  const name = word.length <= MAX_SOURCE_WORD ? word : createHash('sha256').update(source).digest('hex');
  return `${SOURCE_WORD}.${name}.${KINDS.STATUS}`;
}

/** Undefined of keys that producers made up themselves. */
export function partsOfKey(routingKey: string): KeyParts | undefined {
  const [symbolWord, exchangeWord, kind, ...others] = routingKey.split('.');
  if (kind === undefined || others.length > 0) return undefined;
  const symbol = nameOfWord(symbolWord);
  const exchange = nameOfWord(exchangeWord);
  const dataType = TYPES.get(kind);
  return symbol === undefined || exchange === undefined || dataType === undefined
    ? undefined
    : { symbol, exchange, dataType };
}
