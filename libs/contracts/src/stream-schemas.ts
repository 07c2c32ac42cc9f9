import { z } from 'zod';
import { outputFields } from './output-schemas.js';

/** What clients may send, as zod schemas; the types are in `stream-messages.ts`. Unknown fields are ignored. */
const id = z.string().min(1).max(100);
const subscriberService = z.string().min(1).max(100).optional();
const patterns = z.array(z.string().min(1).max(256)).min(1).max(64);

export const lanePositionSchema = z.object({
  topic: z.string().min(1).max(200),
  partition: z.int().min(0),
  epoch: z.string().max(64),
  position: z.string().max(24),
});

export const startSchema = z.union([
  z.enum(['latest', 'earliest', 'snapshot']),
  z.object({ cursor: z.string().min(1) }),
  z.object({ time: z.iso.datetime({ offset: true }) }),
]);

export const selectionSchema = z.object({
  patterns: patterns.optional(),
  keys: patterns.optional(),
  data_types: z.array(z.string().min(1).max(50)).min(1).max(64).optional(),
  services: z.array(z.string().min(1).max(100)).min(1).max(64).optional(),
  filter: z.unknown().optional(),
});

export const subscribeSchema = selectionSchema.extend({
  id,
  start: startSchema.optional(),
  name: z.string().min(1).max(100).optional(),
  type: z.enum(['exclusive', 'failover', 'shared', 'key_shared']).optional(),
  delivery_guarantee: z.enum(['at_most_once', 'at_least_once', 'exactly_once']).optional(),
  slow_policy: z.enum(['block', 'conflate', 'drop-oldest', 'skip-to-live', 'disconnect']).optional(),
  subscriber_service: subscriberService,
  max_rate: z.number().positive().max(1_000_000).optional(),
  credit: z.int().min(0).max(10_000_000).optional(),
  ack_timeout_ms: z.int().min(100).max(3_600_000).optional(),
  max_attempts: z.int().min(1).max(1_000).optional(),
  max_unacked: z.int().min(1).max(10_000).optional(),
  ...outputFields,
});

export const unsubscribeSchema = z.object({ id });

export const ackSchema = z
  .object({
    id,
    generation: z.int().min(0),
    positions: z.array(lanePositionSchema).max(1024).optional(),
    cursor: z.string().optional(),
    event_ids: z.array(z.string().min(1).max(200)).min(1).max(10_000).optional(),
    at: z.array(lanePositionSchema).min(1).max(10_000).optional(),
    delay_ms: z.int().min(0).max(3_600_000).optional(),
  })
  .refine(
    ({ positions, cursor, event_ids, at }) =>
      [positions, cursor, event_ids, at].filter((named) => named !== undefined).length === 1,
    { message: 'exactly one of positions, cursor, event_ids and at' },
  );

export const creditSchema = z.object({ id, events: z.int().min(1).max(10_000_000) });

export const historySchema = z.object({
  id,
  patterns,
  filter: z.unknown().optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  cursor: z.string().optional(),
  limit: z.int().min(1).max(1000).optional(),
  subscriber_service: subscriberService,
  ...outputFields,
});

export const publishSchema = z.object({
  id,
  events: z.array(z.unknown()).min(1).max(1000),
  traceparent: z.string().max(200).optional(),
});

export const helloSchema = z.object({
  token: z.string().max(16_384).optional(),
  client: z.string().max(200).optional(),
});

export const refreshSchema = z.object({ token: z.string().min(1).max(16_384) });

export type SubscribeInput = z.infer<typeof subscribeSchema>;
export type SelectionInput = z.infer<typeof selectionSchema>;
export type StartInput = z.infer<typeof startSchema>;
