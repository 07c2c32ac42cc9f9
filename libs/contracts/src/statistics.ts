import { z } from 'zod';
import { wholeNumberQuery } from './query-number.js';

/** Figures of one window. Rates are per second of what was watched of it, ratios from 0 to 1, null: nothing to measure. */
export const windowFiguresSchema = z
  .object({
    window_ms: z.int(),
    covered_ms: z.int().describe('Of the window: less while the service is young'),
    events: z.int().describe('Events that came in'),
    events_per_second: z.number(),
    bytes_per_second: z.number(),
    deliveries: z.int().describe('Events times the subscriptions that they were written to'),
    deliveries_per_second: z.number(),
    failed: z.int().describe('Announced to a subscriber as missing'),
    dropped: z.int().describe('Left out because the slow policy of the subscriber says so'),
    delivery_ratio: z.number().nullable(),
    error_rate: z.number().nullable(),
    latency_ms: z
      .object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
      .nullable()
      .describe('From taken by the broker to written to the last socket, live deliveries only'),
  })
  .meta({ id: 'WindowFigures' });

export type WindowFiguresView = z.infer<typeof windowFiguresSchema>;

export const windowsSchema = z.object({
  '1m': windowFiguresSchema,
  '5m': windowFiguresSchema,
  '1h': windowFiguresSchema,
});

export const resourcesSchema = z
  .object({
    window_ms: z.int(),
    cpu_utilization: z.number().describe('Of one processor; more than 1 with worker threads'),
    rss_bytes: z.int(),
    heap_used_bytes: z.int(),
    heap_limit_bytes: z.int(),
    event_loop_delay_p99_ms: z.number(),
    event_loop_utilization: z.number(),
    gc_pauses: z.int(),
    gc_pause_ms: z.number(),
    gc_longest_pause_ms: z.number(),
    segment_bytes: z.int().describe('Recent events in memory'),
    ingest_pending_bytes: z.int().describe('Taken and not yet answered by the broker'),
    feeds: z.int(),
    subscriptions: z.int(),
    subscriptions_behind: z.int(),
    subscriptions_slow: z.int(),
  })
  .meta({ id: 'Resources' });

export const performanceSchema = z
  .object({
    generated_at: z.string(),
    windows: windowsSchema,
    resources: resourcesSchema.optional().describe('Of the whole process, for those who run it'),
  })
  .meta({ id: 'Performance' });

export const topicPerformanceSchema = z
  .object({ topic: z.string(), generated_at: z.string(), windows: windowsSchema })
  .meta({ id: 'TopicPerformance' });

export const WINDOW_NAMES = ['1m', '5m', '1h'] as const;

export const statsQuerySchema = z.object({
  window: z.enum(WINDOW_NAMES).default('1m'),
  limit: wholeNumberQuery(1, 500, 100).describe('The busiest ones; what lies beyond is summed up in "other"'),
});

const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ generated_at: z.string(), items: z.array(item), others: z.int().describe('Left out') });

export const laneStatsSchema = listOf(
  windowFiguresSchema.extend({ topic: z.string(), partition: z.int() }).meta({ id: 'LaneFigures' }),
);
export const topicStatsListSchema = listOf(
  windowFiguresSchema.extend({ topic: z.string() }).meta({ id: 'TopicFigures' }),
);
export const tenantStatsSchema = listOf(
  windowFiguresSchema.extend({ tenant: z.string() }).meta({ id: 'TenantFigures' }),
);

export const attachedStatsSchema = listOf(
  windowFiguresSchema
    .omit({ events: true, events_per_second: true, bytes_per_second: true })
    .extend({
      subscription_id: z.string(),
      feed: z.int(),
      state: z.enum(['behind', 'live', 'paused']),
      is_slow: z.boolean(),
      sent: z.int().describe('Events since it was attached'),
      lag_events: z.int().nullable().describe('That its feed was sent and it was not; null: not known'),
      unconfirmed_bytes: z.int(),
      examined: z.int().describe('Events of its lanes since its feed exists'),
      matched: z.int().describe('Those of them that its selection picked'),
    })
    .meta({ id: 'SubscriptionFigures' }),
);

export const apiStatsQuerySchema = statsQuerySchema.extend({
  by: z.enum(['route', 'key', 'both']).default('route'),
});

export const apiStatsSchema = listOf(
  z
    .object({
      door: z.string().optional(),
      route: z.string().optional(),
      key: z.string().optional().describe('Id of the principal, "anonymous", or "other"'),
      window_ms: z.int(),
      covered_ms: z.int(),
      calls: z.int(),
      calls_per_second: z.number(),
      client_errors: z.int(),
      server_errors: z.int(),
      error_rate: z.number().nullable(),
      bytes_in: z.int().describe('Of bodies; of gRPC and commands about'),
      bytes_out: z.int(),
      latency_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }).nullable(),
    })
    .meta({ id: 'CallFigures' }),
);

const day = () => z.iso.date();

export const slaQuerySchema = z
  .object({
    topic: z.string().min(1).max(200).optional(),
    from: day().optional().describe('UTC; a week ago if absent'),
    to: day().optional().describe('UTC; today if absent'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    error: 'must not be before from',
  });

export const slaSchema = z.object({
  generated_at: z.string(),
  from: z.string(),
  to: z.string(),
  is_cut: z.boolean().describe('There are more rows: ask for fewer days or for one topic'),
  items: z.array(
    z
      .object({
        topic: z.string(),
        day: z.string(),
        events: z.int(),
        deliveries: z.int(),
        failed: z.int(),
        dropped: z.int(),
        delivery_ratio: z.number().nullable(),
        latency_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
        availability: z.number().nullable().describe('Served minutes of those that were due'),
        served_minutes: z.int(),
        due_minutes: z.int().describe('From the first of the topic on, until now'),
      })
      .meta({ id: 'ServiceLevel' }),
  ),
});
