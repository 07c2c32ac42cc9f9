import type { EventForm } from '@distributary/distribution-service';
import { externalEvent, publishedForm } from './external-event.js';
import { MAX_EVENT_BYTES, parseMonitoringEvent, toPublishedEvent } from './monitoring-event.js';
import { MetricReader } from './reading/metric-reader.js';
import { restateEvent } from './restate-event.js';

/** How monitoring events come in, and how they lie in the log. */
export const monitoringEvents: EventForm = {
  maxBytes: MAX_EVENT_BYTES,
  reader: ({ clock, ids }) => {
    const metrics = new MetricReader(clock, ids);
    return {
      read: (input, index, problems) => {
        const event = parseMonitoringEvent(input, index, problems);
        return event === undefined ? undefined : toPublishedEvent(event, clock, ids);
      },
      open: (body) => metrics.open(body),
    };
  },
  restate: restateEvent,
  external: externalEvent,
  publishedForm,
};
