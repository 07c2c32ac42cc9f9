import { z } from 'zod';
import { MAX_EVENTS_PER_REQUEST, monitoringDistributionSchema } from './event.js';

const eventList = z.array(monitoringDistributionSchema).min(1).max(MAX_EVENTS_PER_REQUEST);

/** `POST /api/v1/monitoring/events`. */
export const publishBodySchema = z.union([monitoringDistributionSchema, eventList, z.object({ events: eventList })]);

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
