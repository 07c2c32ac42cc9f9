import { tenantOf } from '@distributary/distribution-core';
import type { EventForm, PublishedEvent } from '@distributary/distribution-service';
import { TickOrder } from '../manners/tick-order.js';
import { externalEvent, publishedForm } from './external-event.js';
import {
  markedLate,
  MAX_EVENT_BYTES,
  parseMarketDataEvent,
  type ReadEvent,
  toPublishedEvent,
} from './market-data-event.js';
import { TickReader } from './reading/tick-reader.js';
import { topicProblem } from './event-rules.js';
import { restateEvent } from './restate-event.js';

/** How market data comes in, and how it lies in the log. */
export const marketDataEvents: EventForm = {
  maxBytes: MAX_EVENT_BYTES,
  reader: ({ clock, ids, metrics }) => {
    const order = new TickOrder(clock, metrics);
    const ticks = new TickReader(clock, ids);
    return {
      keepsDigits: true,
      read: (input, index, problems) => {
        const event = parseMarketDataEvent(input, index, problems);
        return event === undefined ? undefined : toPublishedEvent(event, clock, ids);
      },
      open: (body) => ticks.open(body),
      admit: (events) =>
        events.map((event) => {
          const { topic, record, sequence } = event as Partial<ReadEvent> & PublishedEvent;
          // What the service says of itself was not read, and comes from no source that could be late.
          const isLate = sequence !== undefined && order.isLate(tenantOf(topic), record, sequence);
          return isLate ? markedLate(event) : event;
        }),
    };
  },
  restate: restateEvent,
  topicProblem,
  external: externalEvent,
  publishedForm,
};
