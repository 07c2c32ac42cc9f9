import { z } from 'zod';
import type { ServerPayloads } from './stream-messages.js';
import { lanePositionSchema } from './stream-schemas.js';

/** What the server says, as zod schemas, for the documents; the types are in `stream-messages.ts`, and have to agree. */
const count = z.int().min(0);
const lane = { feed: count, lane: z.string(), epoch: z.string() };
const event = z.unknown();

export const problemItemSchema = z.object({ path: z.string(), rule: z.string() });

export const serverPayloadSchemas = {
  welcome: z.object({
    session: z.string(),
    limits: z.object({
      max_subscriptions: count,
      max_frame_bytes: count,
      max_unconfirmed_bytes: z.number(),
      heartbeat_ms: count,
    }),
  }),
  subscribed: z.object({
    id: z.string(),
    feed: count,
    catalog_version: count,
    positions: z.array(lanePositionSchema),
    generation: count.optional(),
    recovered: z.enum(['full', 'snapshot', 'none']),
    max_unacked: count.optional(),
  }),
  unsubscribed: z.object({ id: z.string() }),
  data: z.object({
    ...lane,
    prev: z.string(),
    pos: z.string(),
    events: z.array(event),
    merged: count.optional(),
    merged_exact: z.boolean().optional(),
    left: z.array(z.string()).optional(),
    dropped: count.optional(),
    positions: z.array(z.string()).optional(),
    attempt: count.optional(),
  }),
  snapshot: z.object({
    ...lane,
    pos: z.string(),
    events: z.array(event),
    dropped: count.optional(),
    last: z.boolean(),
  }),
  position: z.object({ ...lane, prev: z.string(), pos: z.string() }),
  gap: z.object({
    ...lane,
    id: z.string(),
    from: z.string(),
    to: z.string(),
    reason: z.enum(['slow', 'expired', 'policy', 'epoch', 'deleted']),
    count: count.optional(),
    count_exact: z.boolean().optional(),
  }),
  status: z.object({
    id: z.string().optional(),
    state: z.enum(['live', 'recovering', 'slow', 'stale', 'revoked']),
  }),
  error: z.object({
    id: z.string().optional(),
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    retry_after_ms: z.number().optional(),
    errors: z.array(problemItemSchema).optional(),
  }),
  bye: z.object({ code: z.int(), reason: z.string(), reconnect_ms: z.number().optional() }),
  history: z.object({ id: z.string(), events: z.array(event), cursor: z.string(), has_more: z.boolean() }),
  published: z.object({
    id: z.string(),
    results: z.array(
      z.object({
        event_id: z.string(),
        duplicate: z.boolean(),
        topic: z.string(),
        partition: count,
        epoch: z.string(),
        position: z.string(),
      }),
    ),
  }),
  refreshed: z.object({}),
  pong: z.object({ echo: z.unknown().optional(), server_time: z.string() }),
} satisfies { readonly [Type in keyof ServerPayloads]: z.ZodType };

type Schemas = typeof serverPayloadSchemas;

/** Of the types that have other fields in their schema than in their interface: none. */
type Disagreeing = {
  [Type in keyof ServerPayloads]: [keyof z.output<Schemas[Type]>, keyof ServerPayloads[Type]] extends [
    keyof ServerPayloads[Type],
    keyof z.output<Schemas[Type]>,
  ]
    ? never
    : Type;
}[keyof ServerPayloads];

type MustBeNever<Type extends never> = Type;

/** Does not compile when a message gets a field that its schema lacks, or the other way round. */
export type DisagreeingMessages = MustBeNever<Disagreeing>;
