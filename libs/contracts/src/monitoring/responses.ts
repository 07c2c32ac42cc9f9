import { z } from 'zod';
import { INFRASTRUCTURE_STATES, SLO_STATES } from './data.js';
import { monitoringDataDistributedSchema } from './stored-event.js';
import { ALERT_LEVELS } from './vocabulary.js';

/** Bodies that the REST API answers with. Times are ISO 8601, UTC. */
export const latestMetricSchema = z.object({
  metric_name: z.string(),
  current_value: z.number(),
  unit: z.string().optional(),
  threshold: z.number().optional(),
  severity: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  timestamp: z.string(),
  event_id: z.string(),
});

/** `GET /api/v1/monitoring/events`: events as subscribers get them. */
export const eventHistorySchema = z
  .object({
    events: z.array(monitoringDataDistributedSchema),
    cursor: z.string(),
    has_more: z.boolean(),
  })
  .meta({ id: 'EventHistory' });

/** `GET /api/v1/monitoring/metrics/{service_name}/latest`: sorted by metric name. */
export const latestMetricsSchema = z
  .object({
    service_name: z.string(),
    metrics: z.array(latestMetricSchema),
    generated_at: z.string(),
  })
  .meta({ id: 'LatestMetrics' });

export const alertSchema = z
  .object({
    alert_id: z.string(),
    service_name: z.string(),
    severity: z.string(),
    metric_name: z.string().optional(),
    current_value: z.number().optional(),
    threshold: z.number().optional(),
    unit: z.string().optional(),
    message: z.string().optional(),
    rule_id: z.string().optional(),
    source_service: z.string(),
    started_at: z.string(),
    updated_at: z.string(),
    event_id: z.string(),
  })
  .meta({ id: 'Alert' });

/** `GET /api/v1/monitoring/alerts/active`: the most severe first, then the newest. */
export const activeAlertsSchema = z.array(alertSchema);

export const activeAlertsQuerySchema = z.object({
  /** One word or several, separated by commas; case does not matter. */
  severity: z.string().max(200).optional(),
  service: z.string().min(1).max(100).optional(),
});

export const HEALTH_STATES = ['healthy', 'degraded', 'critical', 'unknown'] as const;
const healthState = z.enum(HEALTH_STATES);

/** `GET /api/v1/monitoring/health/summary`. */
export const systemHealthSummarySchema = z
  .object({
    status: healthState,
    services: z.array(
      z.object({
        service_name: z.string(),
        status: healthState,
        active_alerts: z.int(),
        last_seen_at: z.string().optional(),
      }),
    ),
    active_alerts: z.object({
      total: z.int(),
      by_severity: z.object(
        Object.fromEntries(ALERT_LEVELS.map((level) => [level, z.int()])) as Record<
          (typeof ALERT_LEVELS)[number],
          z.ZodInt
        >,
      ),
    }),
    open_incidents: z.int(),
    slo: z.array(
      z.object({
        slo_name: z.string(),
        state: z.enum(SLO_STATES),
        current_value: z.number().optional(),
        threshold: z.number().optional(),
        error_budget_remaining: z.number().optional(),
      }),
    ),
    infrastructure: z.array(
      z.object({
        component: z.string(),
        state: z.enum(INFRASTRUCTURE_STATES),
        latency_ms: z.number().optional(),
        detail: z.string().optional(),
      }),
    ),
    generated_at: z.string(),
  })
  .meta({ id: 'SystemHealthSummary' });

export type LatestMetric = z.output<typeof latestMetricSchema>;
export type LatestMetrics = z.output<typeof latestMetricsSchema>;
export type Alert = z.output<typeof alertSchema>;
export type ActiveAlertsQuery = z.output<typeof activeAlertsQuerySchema>;
export type HealthState = z.output<typeof healthState>;
export type SystemHealthSummary = z.output<typeof systemHealthSummarySchema>;
