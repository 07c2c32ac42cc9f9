import { randomUUID } from 'node:crypto';
import type { MarketDataEventInput } from '@distributary/contracts';

type Trade = Extract<MarketDataEventInput, { data_type: 'TRADE' }>;
type Quote = Extract<MarketDataEventInput, { data_type: 'QUOTE' }>;

let symbols = 0;

/** A symbol that no other test speaks of. */
export const aSymbol = (): string => `S${++symbols}-${randomUUID().slice(0, 8)}`;

export const aTrade = (
  symbol: string,
  data: Partial<Trade['data']> = {},
  event: Partial<Omit<Trade, 'data'>> = {},
): Trade & { readonly event_id: string } => ({
  data_type: 'TRADE',
  data: { symbol, exchange: 'NASDAQ', currency: 'USD', price: 150.25, volume: 1_000, ...data },
  ...event,
  event_id: event.event_id ?? randomUUID(),
});

export const aQuote = (symbol: string, data: Partial<Quote['data']> = {}): Quote & { readonly event_id: string } => ({
  event_id: randomUUID(),
  data_type: 'QUOTE',
  data: {
    symbol,
    exchange: 'NASDAQ',
    currency: 'USD',
    bid_price: 150.24,
    bid_size: 300,
    ask_price: 150.26,
    ask_size: 200,
    ...data,
  },
});

/** `count` trades of one symbol, each with its number and a price of its own. */
export const trades = (symbol: string, count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => aTrade(symbol, { sequence: first + index, price: 100 + first + index }));
