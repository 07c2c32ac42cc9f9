import { z } from 'zod';
import { DELIVERY_GUARANTEES } from './event.js';
import { ASSET_CLASSES, BAR_INTERVALS, MARKET_DATA_TYPES, MARKET_STATES } from './vocabulary.js';

const decimal = z.union([z.number(), z.string()]);

/** The `data` of any type as it is stored: prices are numbers, or texts if they have more than 15 digits. */
export const normalizedMarketDataSchema = z
  .looseObject({
    symbol: z.string().optional(),
    exchange: z.string().optional(),
    currency: z.string().optional(),
    asset_class: z.enum(ASSET_CLASSES).optional(),
    timestamp: z.string(),
    sequence: z.int().optional(),
    price: decimal.optional(),
    /** A text only of bars of history that add up to more than 2^53 - 1. */
    volume: z.union([z.int(), z.string()]).optional(),
    bid_price: decimal.optional(),
    bid_size: z.int().optional(),
    ask_price: decimal.optional(),
    ask_size: z.int().optional(),
    interval: z.enum(BAR_INTERVALS).optional(),
    open: decimal.optional(),
    high: decimal.optional(),
    low: decimal.optional(),
    close: decimal.optional(),
    vwap: decimal.optional(),
    trade_count: z.int().optional(),
    status: z.enum(MARKET_STATES).optional(),
  })
  .meta({ id: 'NormalizedMarketData' });

/** {@link MarketDataDistributed}: what lies in the log and goes to subscribers, if they ask for no other shape. */
export const marketDataDistributedSchema = z
  .looseObject({
    event_id: z.string(),
    timestamp: z.string(),
    /** `RECEIPTS`: of the events that tell what was distributed. */
    data_type: z.enum([...MARKET_DATA_TYPES, 'RECEIPTS']),
    /** Of a receipt: where the event lies that it is about, and to how many subscriptions it went. */
    distribution: z.looseObject({
      topic: z.string(),
      partition: z.int().optional(),
      offset: z.int().optional(),
      message_id: z.string().optional(),
      subscribers_notified: z.int().optional(),
      distribution_latency_ms: z.number().optional(),
    }),
    data: normalizedMarketDataSchema,
    routing: z.looseObject({
      routing_key: z.string(),
      target_workflows: z.array(z.string()),
      delivery_guarantees: z.enum(DELIVERY_GUARANTEES),
    }),
    metadata: z.looseObject({ source: z.string().optional(), late: z.boolean().optional() }),
  })
  .meta({ id: 'MarketDataDistributed' });
