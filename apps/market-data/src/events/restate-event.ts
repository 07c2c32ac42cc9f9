import type { EventRecord, Restate } from '@distributary/distribution-core';
import { RECEIPTS } from './default-topics.js';
import { storedEventOf } from './stored-event.js';

/**
 * A stored event says where it is, and by which key: of a copy that is its new place. What others wrote in another form
 * keeps it. A topic's priority is not told in market data.
 */
export const restateEvent: Restate = (record: EventRecord, { topic }) => {
  const event = storedEventOf(record.value);
  // A receipt says where the event is that it is about.
  if (event === undefined || record.attributes.data_type === RECEIPTS) return record.value;
  const { distribution, routing } = event;
  return Buffer.from(
    JSON.stringify({
      ...event,
      distribution: { ...distribution, topic },
      routing: { ...routing, routing_key: record.routingKey },
    }),
  );
};
