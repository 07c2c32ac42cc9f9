import { z } from 'zod';
import { pageQuerySchema } from '../page.js';
import { lanePositionSchema, startSchema, subscribeSchema } from '../stream-schemas.js';

const options = {
  subscriber_service: subscribeSchema.shape.subscriber_service,
  delivery_guarantee: subscribeSchema.shape.delivery_guarantee,
  slow_policy: subscribeSchema.shape.slow_policy,
  ack_timeout_ms: subscribeSchema.shape.ack_timeout_ms,
  max_attempts: subscribeSchema.shape.max_attempts,
  max_unacked: subscribeSchema.shape.max_unacked,
  transformation: subscribeSchema.shape.transformation,
  fields: subscribeSchema.shape.fields,
  format: subscribeSchema.shape.format,
};

const selection = {
  patterns: subscribeSchema.shape.patterns,
  keys: subscribeSchema.shape.keys,
  data_types: subscribeSchema.shape.data_types,
  services: subscribeSchema.shape.services,
  filter: subscribeSchema.shape.filter,
};

/** Where it is placed: at the time of the call, `latest` unless said otherwise. */
export const placeSchema = startSchema;

/** `POST subscriptions`; `subscription_id` is the `name` that a stream asks for it by. */
export const newSubscriptionSchema = z
  .strictObject({
    subscription_id: subscribeSchema.shape.id,
    ...selection,
    type: subscribeSchema.shape.type,
    ...options,
    start: placeSchema.optional(),
  })
  .meta({ id: 'NewSubscription' });

/**
 * `PATCH subscriptions/{id}`: what is not named stays as it is. `filter`, `data_types`, `services` and the
 * domain's own fields are one filter together: naming one of them replaces it, `filter: null` takes it away; `keys: null` means every key.
 */
export const subscriptionChangeSchema = z
  .strictObject({ ...selection, keys: selection.keys.nullable(), ...options })
  .meta({ id: 'SubscriptionChange' });

export const subscriptionQuerySchema = pageQuerySchema.extend({
  subscriber_service: z.string().max(100).optional(),
  status: z.enum(['active', 'paused', 'error', 'stopped']).optional(),
  type: z.enum(['exclusive', 'failover', 'shared', 'key_shared']).optional(),
});

/** `POST subscriptions/{id}/seek`. */
export const seekSchema = z.strictObject({ start: placeSchema }).meta({ id: 'Seek' });

/** `POST subscriptions/{id}/ack`: everything up to there has taken effect. */
export const subscriptionAckSchema = z
  .strictObject({
    generation: z.int().min(0),
    positions: z.array(lanePositionSchema).min(1).max(1024).optional(),
    cursor: z.string().optional(),
  })
  .refine(({ positions, cursor }) => (positions === undefined) !== (cursor === undefined), {
    message: 'either positions or a cursor',
  })
  .meta({ id: 'SubscriptionAck' });

export const subscriptionViewSchema = z
  .object({
    subscription_id: z.string(),
    subscriber_service: z.string(),
    patterns: z.array(z.string()),
    keys: z.array(z.string()),
    /** The filter tree; null = none. */
    filter: z.unknown(),
    type: z.string(),
    delivery_guarantee: z.string(),
    slow_policy: z.string(),
    ack_timeout_ms: z.int().optional(),
    max_attempts: z.int().optional(),
    max_unacked: z.int().optional(),
    transformation: z.unknown().optional(),
    fields: z.unknown().optional(),
    format: z.unknown().optional(),
    /** `error`, `stopped`: as others have written it; it delivers once it is resumed. */
    status: z.enum(['active', 'paused', 'error', 'stopped', 'deleted']),
    created_at: z.string(),
    /** Where it stands, of each lane that it has met. */
    positions: z.array(lanePositionSchema),
  })
  .meta({ id: 'Subscription' });

const problems = z.enum(['lag', 'slow', 'no_ack', 'redelivery']);

export const subscriptionLaneSchema = z
  .object({
    topic: z.string(),
    partition: z.int(),
    epoch: z.string(),
    position: z.string(),
    last_position: z.string(),
    /** Selected and not acknowledged. */
    lag_events: z.int(),
    /** False: there are more, further than was looked. */
    lag_exact: z.boolean(),
    /** Age of the oldest of them. */
    lag_ms: z.int(),
  })
  .meta({ id: 'SubscriptionLane' });

/** `GET subscriptions/{id}/health`. */
export const subscriptionHealthSchema = z
  .object({
    subscription_id: z.string(),
    health: z.enum(['healthy', 'unhealthy', 'paused']),
    problems: z.array(z.object({ kind: problems, detail: z.string(), since: z.string() })),
    generation: z.int(),
    /** Whether somebody receives it now; absent: who does is in another process, so this one knows no more. */
    is_owned: z.boolean(),
    is_slow: z.boolean().optional(),
    is_behind: z.boolean().optional(),
    slow_periods: z.int().optional(),
    redeliveries: z.int().optional(),
    sent_events: z.int().optional(),
    last_ack_at: z.string().optional(),
    lag_events: z.int(),
    lag_exact: z.boolean(),
    lag_ms: z.int(),
    lanes: z.array(subscriptionLaneSchema),
    generated_at: z.string(),
  })
  .meta({ id: 'SubscriptionHealth' });

export const subscriptionWindowSchema = z
  .object({
    window_s: z.int(),
    /** Sent to the receiver. */
    events: z.int(),
    events_per_second: z.number(),
    /** From taken by the broker to written to the socket; absent without deliveries. */
    latency_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }).optional(),
  })
  .meta({ id: 'SubscriptionWindow' });

/** `GET subscriptions/{id}/stats`: of what this process delivered. */
export const subscriptionAnalyticsSchema = z
  .object({
    subscription_id: z.string(),
    windows: z.array(subscriptionWindowSchema),
    /** Share of the events of its lanes that it selects, since it is received; absent without any. */
    selectivity: z.number().optional(),
    /** Times that lanes of it were sent again, since it is received. */
    redeliveries: z.int(),
    generated_at: z.string(),
  })
  .meta({ id: 'SubscriptionAnalytics' });

export type SubscriptionView = z.output<typeof subscriptionViewSchema>;
export type SubscriptionChangeInput = z.output<typeof subscriptionChangeSchema>;
export type SubscriptionHealthView = z.output<typeof subscriptionHealthSchema>;
export type SubscriptionAnalyticsView = z.output<typeof subscriptionAnalyticsSchema>;
