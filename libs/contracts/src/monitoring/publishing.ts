import { z } from 'zod';
import { MAX_EVENTS_PER_REQUEST, monitoringDistributionSchema } from './event.js';

/** One event a line. */
export const NDJSON = 'application/x-ndjson';

const eventList = z.array(monitoringDistributionSchema).min(1).max(MAX_EVENTS_PER_REQUEST);

/** `POST /api/v1/monitoring/events`. */
export const publishBodySchema = z.union([monitoringDistributionSchema, eventList, z.object({ events: eventList })]);

/** With the type {@link NDJSON}; an OpenAPI document has no word for what a line of it is. */
export const publishLinesSchema = z
  .string()
  .min(1)
  .meta({
    id: 'MonitoringEventLines',
    description: `One MonitoringEvent as JSON in each line; at most ${MAX_EVENTS_PER_REQUEST} of them.`,
  });

export const publishResultSchema = z
  .object({
    event_id: z.string(),
    /** Published before within the dedupe window: the place is that of the first. */
    duplicate: z.boolean(),
    topic: z.string(),
    partition: z.int(),
    epoch: z.string(),
    position: z.string(),
  })
  .meta({ id: 'PublishResult' });

/** One result for each event, in their order. */
export const publishAnswerSchema = z.object({ results: z.array(publishResultSchema) }).meta({ id: 'PublishAnswer' });
