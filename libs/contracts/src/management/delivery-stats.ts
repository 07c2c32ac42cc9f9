import { z } from 'zod';

const windowSchema = z.object({
  window_s: z.int(),
  /** Taken from the log, and their rate. */
  events: z.int(),
  events_per_second: z.number(),
  /** Events written to subscriptions, times subscriptions. */
  deliveries: z.int(),
  deliveries_per_second: z.number(),
  /** From taken by the broker to written to the last socket; absent without deliveries. */
  latency_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }).optional(),
});

/** `GET stats`: of this process, as far as it concerns the caller's tenant. */
export const deliveryStatsSchema = z
  .object({
    /** Attached over all transports, and those of them that do not keep up. */
    subscriptions: z.int(),
    behind: z.int(),
    slow: z.int(),
    /** Different streams of bytes that they share. */
    feeds: z.int(),
    topics: z.int(),
    /** That are read at present. */
    lanes: z.int(),
    /** Recent events in memory. */
    segment_bytes: z.int(),
    /** Of the whole process; for those who manage the default tenant. */
    sessions: z.int().optional(),
    windows: z.array(windowSchema),
    generated_at: z.string(),
  })
  .meta({ id: 'DeliveryStats' });

export type DeliveryStatsView = z.output<typeof deliveryStatsSchema>;
