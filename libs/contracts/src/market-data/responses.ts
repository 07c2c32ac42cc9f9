import { z } from 'zod';
import { marketDataDistributedSchema, normalizedMarketDataSchema } from './stored-event.js';
import { BAR_INTERVALS } from './vocabulary.js';

/** `GET /api/v1/market-data/{symbol}/latest`. */
export const latestDataResponseSchema = z
  .object({
    symbol: z.string(),
    data: normalizedMarketDataSchema,
    /** When it happened, ISO 8601. */
    timestamp: z.string(),
    /** The feed that it came from; that of nobody is `unknown`. */
    source: z.string(),
  })
  .meta({ id: 'LatestDataResponse' });

/** `GET /api/v1/market-data/events`: events as subscribers get them. */
export const marketDataEventsSchema = z
  .object({
    events: z.array(marketDataDistributedSchema),
    cursor: z.string(),
    has_more: z.boolean(),
  })
  .meta({ id: 'MarketDataEvents' });

/** `GET /api/v1/market-data/{symbol}/history`: bars, the oldest first. */
export const historicalDataResponseSchema = z
  .object({
    symbol: z.string(),
    interval: z.enum(BAR_INTERVALS),
    data: z.array(normalizedMarketDataSchema),
    count: z.int(),
    /** There are more before `end_time`: they begin behind the last one's timestamp. */
    has_more: z.boolean(),
  })
  .meta({ id: 'HistoricalDataResponse' });

/** Of an event whose producer named no feed. */
export const UNKNOWN_SOURCE = 'unknown';

export type LatestDataResponse = z.output<typeof latestDataResponseSchema>;
export type HistoricalDataResponse = z.output<typeof historicalDataResponseSchema>;
