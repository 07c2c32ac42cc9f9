import { z } from 'zod';

/** What a subscription wants its events to look like, in `subscribe`, `history` and where durable ones are created. */
export const outputFields = {
  /** The name of a transformation, or one itself; the service says what is wrong with it, step by step. */
  transformation: z.union([z.string().min(1).max(100), z.record(z.string(), z.unknown())]).optional(),
  /** Only these fields of each event, and `event_id`. */
  fields: z.array(z.string().min(1).max(256)).min(1).max(64).optional(),
  format: z.enum(['plain', 'cloudevents']).optional(),
};

export type OutputInput = z.infer<z.ZodObject<typeof outputFields>>;
