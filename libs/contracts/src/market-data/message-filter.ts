import { z } from 'zod';

/** The specification's `MessageFilter`: one comparison; those of a list must all hold. */
export const MESSAGE_FILTER_OPERATORS = ['eq', 'in', 'prefix', 'gt', 'gte', 'lt', 'lte', 'exists'] as const;
export type MessageFilterOperator = (typeof MESSAGE_FILTER_OPERATORS)[number];

export const messageFilterSchema = z
  .strictObject({
    /** An attribute (`symbol`, `price`), `routing_key`, or a path into the payload (`data.side`). */
    field: z.string().min(1).max(256),
    operator: z.enum(MESSAGE_FILTER_OPERATORS, { error: `must be one of ${MESSAGE_FILTER_OPERATORS.join(', ')}` }),
    /** One; several for `in`, none for `exists`. */
    values: z
      .array(z.union([z.string().max(1_024), z.number(), z.boolean()]))
      .max(1_000)
      .optional(),
  })
  .meta({ id: 'MessageFilter' });

export type MessageFilter = z.output<typeof messageFilterSchema>;

export const SUBSCRIPTION_TYPES = ['EXCLUSIVE', 'SHARED', 'FAILOVER', 'KEY_SHARED'] as const;
export const MESSAGE_POSITIONS = ['LATEST', 'EARLIEST', 'MESSAGE_ID'] as const;

/** The specification's `SubscriptionRequest`. */
export const marketSubscriptionRequestSchema = z
  .strictObject({
    /** Not given: whatever else the request selects by, or every topic. */
    topic: z.string().min(1).max(200).optional(),
    subscription: z.string().min(1).max(100),
    type: z
      .string()
      .max(16)
      .transform((word) => word.toUpperCase())
      .pipe(z.enum(SUBSCRIPTION_TYPES, { error: `must be one of ${SUBSCRIPTION_TYPES.join(', ')}` }))
      .optional(),
    filters: z.array(messageFilterSchema).max(64).optional(),
    start_position: z
      .string()
      .max(16)
      .transform((word) => word.toUpperCase())
      .pipe(z.enum(MESSAGE_POSITIONS, { error: `must be one of ${MESSAGE_POSITIONS.join(', ')}` }))
      .optional(),
    /** With `MESSAGE_ID`: the cursor behind which it begins. */
    message_id: z.string().min(1).max(4_096).optional(),
  })
  .refine(({ start_position: start, message_id: id }) => (start === 'MESSAGE_ID') === (id !== undefined), {
    path: ['message_id'],
    message: 'must be there with start_position MESSAGE_ID, and only then',
  })
  .meta({ id: 'MarketSubscriptionRequest' });

export type MarketSubscriptionRequest = z.output<typeof marketSubscriptionRequestSchema>;
