import { type MarketDataDistributed, marketDataDistributionSchema } from '@distributary/contracts';
import type { EventRecord } from '@distributary/distribution-core';
import { attributesOf } from '../events/event-attributes.js';

/** A stored event with the attributes that it was published with; of what breaks a rule of its type, the type alone. */
export function recordOfStored(event: MarketDataDistributed, timeMicros: number, value: Uint8Array): EventRecord {
  const { event_id: eventId, data_type, data, metadata, routing } = event;
  const parsed = marketDataDistributionSchema.safeParse({ data_type, data });
  const attributes = parsed.success
    ? attributesOf(
        { ...parsed.data, routing: { target_workflows: [...routing.target_workflows] } },
        { assetClass: parsed.data.data.asset_class, source: metadata.source, isLate: metadata.late === true },
      )
    : { data_type };
  return { eventId, timeMicros, routingKey: routing.routing_key, attributes, value };
}
