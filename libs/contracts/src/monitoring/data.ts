import { z } from 'zod';
import { textsByName } from '../texts-by-name.js';

/**
 * What the `data` of each data type may hold. The spec's `MonitoringData` fields keep their names; the spec says `Any`,
 * so only what the service works with is checked, and fields that it does not know pass through untouched.
 */
export const serviceName = z.string().min(1).max(100);
const text = z.string().max(2_000);
const id = z.string().min(1).max(200);

/** Producers write `critical` and `CRITICAL`; inside there is one spelling. */
export const severityWord = z
  .string()
  .regex(/^[A-Za-z][A-Za-z_]{0,31}$/, 'must be one word of at most 32 letters')
  .transform((word) => word.toUpperCase());

export const isoTime = z.iso.datetime({ offset: true });

/** The spec's Integer accepts every finite number: ratios and milliseconds have fractions. */
const figure = z.number();

const monitoringData = z.looseObject({
  alert_id: id.optional(),
  /** Default: `metadata.source_service`. */
  service_name: serviceName.optional(),
  severity: severityWord.optional(),
  metric_name: id.optional(),
  current_value: figure.optional(),
  threshold: figure.optional(),
  unit: z.string().max(32).optional(),
});

export const metricsDataSchema = monitoringData.extend({
  metric_name: id,
  current_value: figure,
  labels: textsByName({ maxName: 100, maxText: 200 }).optional(),
});

export const alertDataSchema = monitoringData.extend({
  /** Absent: raised. */
  status: z.enum(['raised', 'resolved']).optional(),
  /** The rule that raised it. */
  rule_id: id.optional(),
  message: text.optional(),
  started_at: isoTime.optional(),
  resolved_at: isoTime.optional(),
});

export const incidentDataSchema = monitoringData.extend({
  /** Default: the event's id. */
  incident_id: id.optional(),
  /** Absent: opened. */
  status: z.enum(['opened', 'updated', 'resolved']).optional(),
  title: text.optional(),
  alert_ids: z.array(id).max(1_000).optional(),
  opened_at: isoTime.optional(),
  resolved_at: isoTime.optional(),
});

export const SLO_STATES = ['compliant', 'at_risk', 'violated', 'no_data'] as const;
export type SloState = (typeof SLO_STATES)[number];

export const sloStatusDataSchema = monitoringData.extend({
  slo_name: id.optional(),
  state: z.enum(SLO_STATES).optional(),
  window_ms: figure.optional(),
  /** Events that the figure was measured on. */
  sample_count: figure.optional(),
  /** How many times faster than allowed the error budget is being used; 1 = just within. */
  burn_rate: figure.optional(),
  /** Of the budget, 1 = untouched; negative = overdrawn. */
  error_budget_remaining: figure.optional(),
});

export const INFRASTRUCTURE_STATES = ['up', 'degraded', 'down'] as const;
export type InfrastructureState = (typeof INFRASTRUCTURE_STATES)[number];

export const infrastructureStatusDataSchema = monitoringData.extend({
  component: id.optional(),
  state: z.enum(INFRASTRUCTURE_STATES).optional(),
  latency_ms: figure.optional(),
  detail: text.optional(),
});

export const optimizationDataSchema = monitoringData.extend({
  finding_id: id.optional(),
  kind: id.optional(),
  /** Absent: open. */
  status: z.enum(['open', 'ended']).optional(),
  /** What it is about: a topic, a subscription. */
  subject: id.optional(),
  explanation: text.optional(),
  recommendation: text.optional(),
  /** The measured numbers behind it. */
  evidence: z.record(z.string().max(100), figure).optional(),
});

export type MetricsData = z.output<typeof metricsDataSchema>;
export type AlertData = z.output<typeof alertDataSchema>;
export type IncidentData = z.output<typeof incidentDataSchema>;
export type SloStatusData = z.output<typeof sloStatusDataSchema>;
export type InfrastructureStatusData = z.output<typeof infrastructureStatusDataSchema>;
export type OptimizationData = z.output<typeof optimizationDataSchema>;
