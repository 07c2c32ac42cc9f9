import { isObject, type PayloadEvent, unqualified } from '@distributary/distribution-core';
import { isoOfMicros } from '@distributary/distribution-service';
import { storedEventOf } from './stored-event.js';

/** `source_service` of events whose producer did not say one. */
const SOURCE = 'external';
const MAX_ID_LENGTH = 100;

/**
 * A payload of a topic that others write, as an event: what has the form of one is one, with its own id; anything else
 * becomes the `data` of one, so that rules and filters find it as `data.…`.
 */
export const externalEvent: PayloadEvent = (record, payload, { topic, dataType }) => {
  const attributes = { data_type: dataType, ...record.attributes };
  const value = Buffer.from(JSON.stringify(payload));
  const own = storedEventOf(value);
  if (own !== undefined && own.event_id.length > 0 && own.event_id.length <= MAX_ID_LENGTH) {
    return { ...record, eventId: own.event_id, attributes, value };
  }
  const event = {
    event_id: record.eventId,
    timestamp: isoOfMicros(record.timeMicros),
    data_type: dataType,
    distribution: { topic: unqualified(topic), routing_key: record.routingKey, target_subscribers: [], priority: 5 },
    data: isObject(payload) ? payload : { value: payload },
    metadata: { source_service: SOURCE },
  };
  return { ...record, attributes, value: Buffer.from(JSON.stringify(event)) };
};
