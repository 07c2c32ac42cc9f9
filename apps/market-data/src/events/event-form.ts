import type { MarketDataDistribution } from '@distributary/contracts';
import { tenantOf } from '@distributary/distribution-core';
import type { EventForm, PublishedEvent } from '@distributary/distribution-service';
import { TickOrder } from '../manners/tick-order.js';
import { externalEvent, publishedForm } from './external-event.js';
import { MAX_EVENT_BYTES, parseMarketDataEvent, toPublishedEvent } from './market-data-event.js';
import { restateEvent } from './restate-event.js';

/** Its source is kept until the call goes through: what is refused makes nothing late. */
interface ReadEvent extends PublishedEvent {
  readonly source: MarketDataDistribution;
}

/** How market data comes in, and how it lies in the log. */
export const marketDataEvents: EventForm = {
  maxBytes: MAX_EVENT_BYTES,
  reader: ({ clock, ids, metrics }) => {
    const order = new TickOrder(clock, metrics);
    return {
      keepsDigits: true,
      read: (input, index, problems): ReadEvent | undefined => {
        const source = parseMarketDataEvent(input, index, problems);
        return source === undefined ? undefined : { ...toPublishedEvent(source, clock, ids), source };
      },
      admit: (events) =>
        events.map((event) => {
          const { source, record, topic } = event as Partial<ReadEvent> & PublishedEvent;
          // What the service says of itself has no source that could be late.
          if (source === undefined || !order.isLate(tenantOf(topic), source, record.timeMicros)) return event;
          // It has its id already, chosen or given.
          return { ...toPublishedEvent({ ...source, event_id: record.eventId }, clock, ids, true), topic };
        }),
    };
  },
  restate: restateEvent,
  external: externalEvent,
  publishedForm,
};
