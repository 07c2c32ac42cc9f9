import { z } from 'zod';
import { wholeNumberQuery } from '../query-number.js';
import { selectionSchema, subscribeSchema } from '../stream-schemas.js';
import { marketSelectionFields } from './selection.js';
import { exchangeSchema, symbolSchema } from './symbology.js';
import { BAR_INTERVALS } from './vocabulary.js';

export const MAX_HISTORY_BARS = 5_000;
export const DEFAULT_HISTORY_BARS = 100;

const INTERVAL_RULE = `must be one of ${BAR_INTERVALS.join(', ')}`;
const TIME_RULE = 'must be an ISO 8601 time with its offset, such as 2025-06-21T09:30:00Z';
const instant = z.iso.datetime({ offset: true, error: TIME_RULE });
const time = instant.optional();

export const symbolParameterSchema = z.object({ symbol: symbolSchema });

/** `GET {symbol}/latest`: of the type and exchange that are named, else the newest of all that hold a price. */
export const latestDataQuerySchema = z.object({
  exchange: exchangeSchema.optional(),
  data_type: z.enum(['TRADE', 'QUOTE', 'BAR'], { error: 'must be one of TRADE, QUOTE, BAR' }).optional(),
});

/** `GET {symbol}/history`. */
export const historicalDataQuerySchema = z.object({
  /** Included. Default: as long before the end as `limit` bars take. */
  start_time: time,
  /** Not included. Default: now. */
  end_time: time,
  interval: z.enum(BAR_INTERVALS, { error: INTERVAL_RULE }).optional().describe('Default: 1m'),
  limit: wholeNumberQuery(1, MAX_HISTORY_BARS, DEFAULT_HISTORY_BARS),
  exchange: exchangeSchema.optional(),
});

/** Faster, a day has passed in a second. */
export const MAX_HISTORY_SPEED = 86_400;
const SPEED_RULE = `must be a number from 0 to ${MAX_HISTORY_SPEED}`;
const COUNT_RULE = 'must be a whole number from 0 to 4294967295';

/** gRPC `StreamHistoricalData`, its criteria among its other fields. */
export const historicalStreamSchema = z.strictObject({
  ...marketSelectionFields,
  symbols: marketSelectionFields.symbols.unwrap(),
  data_types: selectionSchema.shape.data_types,
  subscriber_service: subscribeSchema.shape.subscriber_service,
  /** Included. */
  start_time: instant,
  /** Not included. Default: all there is when it begins. */
  end_time: time,
  /** 0: all. */
  limit: z.int({ error: COUNT_RULE }).min(0, COUNT_RULE).max(4_294_967_295, COUNT_RULE).default(0),
  /** Times real time; 0: as fast as the client reads. */
  speed: z.number({ error: SPEED_RULE }).min(0, SPEED_RULE).max(MAX_HISTORY_SPEED, SPEED_RULE).default(0),
});

export type LatestDataQuery = z.output<typeof latestDataQuerySchema>;
export type HistoricalDataQuery = z.output<typeof historicalDataQuerySchema>;
