import { marketDataDistributionSchema } from '@distributary/contracts';
import type { EventRecord } from '@distributary/distribution-core';
import { attributesOf } from '../events/event-attributes.js';
import { fieldsOf, type StoredFields } from '../events/stored-event.js';

/** A stored event with the attributes that it was published with; of what breaks a rule of its type, the type alone. */
export function recordOfStored(event: StoredFields, timeMicros: number, value: Uint8Array): EventRecord {
  const { event_id: eventId, data_type, data } = event;
  const { routing_key: routingKey, target_workflows: targets } = fieldsOf(event.routing);
  const { source, late } = fieldsOf(event.metadata);
  const parsed = marketDataDistributionSchema.safeParse({ data_type, data });
  const attributes = parsed.success
    ? attributesOf(
        { ...parsed.data, routing: { target_workflows: Array.isArray(targets) ? targets.map(textOf) : [] } },
        {
          assetClass: parsed.data.data.asset_class,
          source: typeof source === 'string' ? source : undefined,
          isLate: late === true,
        },
      )
    : { data_type: textOf(data_type) };
  return { eventId: textOf(eventId), timeMicros, routingKey: textOf(routingKey), attributes, value };
}

const textOf = (field: unknown): string => (typeof field === 'string' ? field : '');
