import { z } from 'zod';

const list = (of: string) => z.string().optional().describe(`${of}, separated by commas`);

/** What {@link subscriptionFromQuery} reads, for the documents. */
export const streamQuerySchema = z.object({
  data_types: list('Data types'),
  services: list('Names of services'),
  patterns: list('Topic patterns: + is one level, # is the rest'),
  keys: list('Routing key patterns: * is one word, # is the rest'),
  filter: z.string().optional().describe('A filter, as CEL text or as JSON'),
  name: z.string().optional().describe('Of the durable subscription that is to be received'),
  subscriber_service: z.string().optional().describe('Who subscribes: events for certain services reach those alone'),
  start: z.string().optional().describe('latest, earliest, snapshot, a cursor, or an ISO 8601 time'),
  slow_policy: z.enum(['block', 'conflate', 'drop-oldest', 'skip-to-live', 'disconnect']).optional(),
  delivery_guarantee: z.enum(['at_most_once', 'at_least_once', 'exactly_once']).optional(),
  max_rate: z.number().positive().optional().describe('Events per second'),
  transformation: z.string().optional().describe('The name of a transformation, or one itself as JSON'),
  fields: list('Paths of the fields that each event is to have'),
  format: z.enum(['plain', 'cloudevents']).optional(),
  credit: z.int().min(0).optional().describe('Events that may be sent'),
});
