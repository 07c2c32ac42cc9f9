import { z } from 'zod';
import { isoTime } from '../monitoring/data.js';
import { compareDecimals, type Decimal, decimalRule, decimalSchema } from './decimal.js';
import { assetClassSchema, currencySchema, exchangeSchema, symbolSchema } from './symbology.js';
import { BAR_INTERVALS, MARKET_STATES } from './vocabulary.js';

/**
 * `NormalizedMarketData`: what the `data` of each data type holds, with the names that feeds use. Fields that the service
 * does not know pass through untouched.
 */
const WHOLE_RULE = 'must be a whole number from 0 to 9007199254740991';
const whole = z.int({ error: WHOLE_RULE }).min(0, WHOLE_RULE);
const id = z.string().min(1).max(100);
export const sourceName = z.string().min(1).max(100);

const instrument = {
  symbol: symbolSchema,
  exchange: exchangeSchema,
  currency: currencySchema.optional(),
  /** Default: that of the topic that the producer named, else `equities`. */
  asset_class: assetClassSchema.optional(),
};

const occurrence = {
  /** When it happened at the exchange, ISO 8601; of a bar: when it begins. Default: the event's. */
  timestamp: isoTime.optional(),
  /** The source's own number of it; see `metadata.channel`. */
  sequence: whole.optional(),
};

/**
 * For rules between fields, which are to be told beside what is wrong with single ones: values of the wrong shape come as they
 * are then.
 */
const evenIfFieldsAreWrong = {
  when: ({ value }: { readonly value: unknown }) => typeof value === 'object' && value !== null,
};
const isDecimal = (value: unknown): value is Decimal => decimalRule(value) === undefined;

export const tradeDataSchema = z.looseObject({
  ...instrument,
  ...occurrence,
  price: decimalSchema,
  volume: whole,
  trade_id: id.optional(),
  /** Who crossed the spread. */
  side: z.enum(['buy', 'sell']).optional(),
  conditions: z.array(z.string().min(1).max(32)).max(16).optional(),
});

export const quoteDataSchema = z
  .looseObject({
    ...instrument,
    ...occurrence,
    bid_price: decimalSchema.optional(),
    bid_size: whole.optional(),
    ask_price: decimalSchema.optional(),
    ask_size: whole.optional(),
  })
  .superRefine((quote, context) => {
    const isComparable = context.issues.length === 0 || [quote.bid_price, quote.ask_price].every(isDecimal);
    const { bid_price: bid, ask_price: ask } = quote;
    const broken = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (bid === undefined && ask === undefined) broken('bid_price', 'must be there if ask_price is not');
    if (bid === undefined && quote.bid_size !== undefined) broken('bid_price', 'must be there if bid_size is');
    if (ask === undefined && quote.ask_size !== undefined) broken('ask_price', 'must be there if ask_size is');
    if (bid !== undefined && ask !== undefined && isComparable && compareDecimals(bid, ask) > 0) {
      broken('bid_price', 'must not be above ask_price');
    }
  }, evenIfFieldsAreWrong);

export const barDataSchema = z
  .looseObject({
    ...instrument,
    ...occurrence,
    interval: z.enum(BAR_INTERVALS, { error: `must be one of ${BAR_INTERVALS.join(', ')}` }),
    open: decimalSchema,
    high: decimalSchema,
    low: decimalSchema,
    close: decimalSchema,
    volume: whole,
    vwap: decimalSchema.optional(),
    trade_count: whole.optional(),
  })
  .superRefine((bar, context) => {
    const isWhole = context.issues.length === 0;
    const areComparable = (...prices: unknown[]) => isWhole || prices.every(isDecimal);
    for (const name of ['open', 'close', 'low', 'vwap'] as const) {
      const price = bar[name] as Decimal | undefined;
      if (price === undefined) continue;
      const broken = (message: string) => context.addIssue({ code: 'custom', path: [name], message });
      if (areComparable(price, bar.high) && compareDecimals(price, bar.high) > 0) broken('must not be above high');
      if (areComparable(price, bar.low) && compareDecimals(price, bar.low) < 0) broken('must not be below low');
    }
  }, evenIfFieldsAreWrong);

/** Of a symbol at an exchange, or of a whole source. */
export const statusDataSchema = z
  .looseObject({
    ...occurrence,
    status: z.enum(MARKET_STATES, { error: `must be one of ${MARKET_STATES.join(', ')}` }),
    symbol: symbolSchema.optional(),
    exchange: exchangeSchema.optional(),
    currency: currencySchema.optional(),
    asset_class: assetClassSchema.optional(),
    /** Of a source, and of one of its channels. Default: the event's. */
    source: sourceName.optional(),
    channel: id.optional(),
    /** Of a gap: the numbers that never came, both included. */
    first_missing: whole.optional(),
    last_missing: whole.optional(),
    /** When the source was heard last, ISO 8601. */
    last_event_at: isoTime.optional(),
    detail: z.string().max(1_000).optional(),
  })
  .superRefine(({ symbol, exchange }, context) => {
    const broken = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (symbol === undefined && exchange !== undefined) broken('symbol', 'must be there if exchange is');
    if (exchange === undefined && symbol !== undefined) broken('exchange', 'must be there if symbol is');
  }, evenIfFieldsAreWrong);

export type TradeData = z.output<typeof tradeDataSchema>;
export type QuoteData = z.output<typeof quoteDataSchema>;
export type BarData = z.output<typeof barDataSchema>;
export type StatusData = z.output<typeof statusDataSchema>;
export type NormalizedMarketData = TradeData | QuoteData | BarData | StatusData;
