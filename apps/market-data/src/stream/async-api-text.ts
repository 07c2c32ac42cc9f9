import { marketDataDistributedSchema, marketSelectionFields } from '@distributary/contracts';
import { asyncApiDocument } from '@distributary/distribution-nest';

/** What /api/asyncapi.json answers. */
export const marketDataAsyncApi = (): object =>
  asyncApiDocument({
    title: 'Distributary market data: the stream',
    description:
      'Live trades, quotes and bars: filtered, ordered and resumable. What it means stands in docs/protocol.md and docs/market-data.md.',
    version: '1',
    streamPath: '/api/v1/market-data/stream',
    eventSchema: marketDataDistributedSchema,
    domain: { fields: marketSelectionFields },
  });
