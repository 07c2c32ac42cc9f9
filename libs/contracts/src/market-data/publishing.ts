import { z } from 'zod';
import { MAX_EVENTS_PER_REQUEST } from '../monitoring/event.js';
import { marketDataDistributionSchema } from './event.js';

const eventList = z.array(marketDataDistributionSchema).min(1).max(MAX_EVENTS_PER_REQUEST);

/** `POST /api/v1/market-data/events`. */
export const publishMarketDataBodySchema = z.union([
  marketDataDistributionSchema,
  eventList,
  z.object({ events: eventList }),
]);

/** One event a line; an OpenAPI document has no word for what a line of it is. */
export const publishMarketDataLinesSchema = z
  .string()
  .min(1)
  .meta({
    id: 'MarketDataEventLines',
    description: `One MarketDataEvent as JSON in each line; at most ${MAX_EVENTS_PER_REQUEST} of them.`,
  });
