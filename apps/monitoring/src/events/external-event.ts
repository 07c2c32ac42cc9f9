import { isObject, type Json, type PayloadEvent, unqualified } from '@distributary/distribution-core';
import { isoOfMicros, type PublishedForm } from '@distributary/distribution-service';
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

/**
 * A JSON document of such a topic as its producer would have published it there: one with a `data` of its own is an event,
 * published or stored; any other is the `data` of one.
 */
export const publishedForm: PublishedForm = (document, record, { topic, dataType }) => {
  const isEvent = isObject(document.data);
  const { distribution, routing, metadata } = isEvent ? document : {};
  return {
    event_id: record.eventId,
    timestamp: isoOfMicros(record.timeMicros),
    data_type: dataType,
    ...(isEvent ? document : { data: document }),
    // Where it lies is not for the document to say.
    routing:
      routing === undefined || isObject(routing)
        ? { ...asObject(distribution), ...routing, topic: unqualified(topic) }
        : routing,
    metadata: metadata === undefined || isObject(metadata) ? { source_service: SOURCE, ...metadata } : metadata,
  };
};

const asObject = (value: Json | undefined): object => (isObject(value) ? value : {});
