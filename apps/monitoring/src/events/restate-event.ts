import type { EventRecord, Restate } from '@distributary/distribution-core';
import { storedEventOf } from './stored-event.js';

/**
 * A stored event says in its `distribution` where it is: of a copy that is its new place. What others wrote in another
 * form keeps it.
 */
export const restateEvent: Restate = (record: EventRecord, { topic, priority }) => {
  const event = storedEventOf(record.value);
  if (event === undefined) return record.value;
  const distribution = {
    ...event.distribution,
    topic,
    routing_key: record.routingKey,
    ...(priority === undefined ? {} : { priority }),
  };
  return Buffer.from(JSON.stringify({ ...event, distribution }));
};
