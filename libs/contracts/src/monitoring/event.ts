import { z } from 'zod';
import {
  alertDataSchema,
  incidentDataSchema,
  infrastructureStatusDataSchema,
  isoTime,
  metricsDataSchema,
  optimizationDataSchema,
  serviceName,
  severityWord,
  sloStatusDataSchema,
} from './data.js';
import type { MonitoringDataType } from './vocabulary.js';

export const MAX_TOPIC_LENGTH = 200;
export const MAX_ROUTING_KEY_LENGTH = 256;
export const MAX_EVENTS_PER_REQUEST = 1_000;

/** `monitoring/alerts/critical`: a topic, not a pattern. */
export const topicPath = z
  .string()
  .max(MAX_TOPIC_LENGTH)
  .regex(/^[^/+#\s]+(\/[^/+#\s]+)*$/, 'must be levels joined by "/", without wildcards or spaces');

/** `portfolio_mgmt.alert.critical`: a key, not a pattern. */
export const routingKey = z
  .string()
  .max(MAX_ROUTING_KEY_LENGTH)
  .regex(/^[^.*#\s]+(\.[^.*#\s]+)*$/, 'must be words joined by ".", without wildcards or spaces');

export const routingInfoSchema = z.object({
  /** Default: the topic of the data type and severity. */
  topic: topicPath.optional(),
  /** Default: `<service>.<kind>[.<severity>]`. */
  routing_key: routingKey.optional(),
  /** Empty = everyone who subscribes. */
  target_subscribers: z.array(serviceName).max(100).optional(),
  /** 1 is the most urgent, 9 the least. Default: the topic's. */
  priority: z.int().min(1).max(9).optional(),
  delivery_guarantee: z.enum(['at_most_once', 'at_least_once', 'exactly_once']).optional(),
});

export const monitoringMetadataSchema = z.looseObject({
  source_service: serviceName,
  severity: severityWord.optional(),
  urgency: severityWord.optional(),
  /** `30d`. Default: the topic's. */
  retention_policy: z.string().min(1).max(50).optional(),
});

const eventOf = <Type extends MonitoringDataType, Data extends z.ZodType>(dataType: Type, data: Data) =>
  z.object({
    /** Makes publishing idempotent. Default: a new one. */
    event_id: z.string().min(1).max(200).optional(),
    /** ISO 8601. Default: now. */
    timestamp: isoTime.optional(),
    data_type: z.literal(dataType),
    data,
    routing: routingInfoSchema.optional(),
    metadata: monitoringMetadataSchema,
  });

const EXAMPLE = {
  event_id: 'alert_20250621_001:raised',
  timestamp: '2025-06-21T10:00:00.000Z',
  data_type: 'ALERTS',
  data: {
    alert_id: 'alert_20250621_001',
    service_name: 'portfolio_management_service',
    severity: 'CRITICAL',
    metric_name: 'response_time_p99',
    current_value: 5000,
    threshold: 1000,
  },
  metadata: { source_service: 'intelligent_alerting_service', severity: 'CRITICAL', urgency: 'HIGH' },
};

/** The spec's `MonitoringDistribution`, as producers send it. */
export const monitoringDistributionSchema = z
  .discriminatedUnion('data_type', [
    eventOf('METRICS', metricsDataSchema),
    eventOf('ALERTS', alertDataSchema),
    eventOf('INCIDENTS', incidentDataSchema),
    eventOf('SLO_STATUS', sloStatusDataSchema),
    eventOf('INFRASTRUCTURE_STATUS', infrastructureStatusDataSchema),
    eventOf('PERFORMANCE_OPTIMIZATION', optimizationDataSchema),
  ])
  .meta({ id: 'MonitoringEvent', examples: [EXAMPLE] });

export type MonitoringEventInput = z.input<typeof monitoringDistributionSchema>;
export type MonitoringDistribution = z.output<typeof monitoringDistributionSchema>;
export type MonitoringMetadata = z.output<typeof monitoringMetadataSchema>;

export interface DistributionInfo {
  readonly topic: string;
  readonly routing_key: string;
  readonly target_subscribers: readonly string[];
  readonly priority: number;
}

/** The spec's `monitoring_data_distributed`, plus `data_type`: the bytes that lie in the log and go to subscribers. */
export interface MonitoringDataDistributed<Data = Readonly<Record<string, unknown>>> {
  readonly event_id: string;
  readonly timestamp: string;
  readonly data_type: MonitoringDataType;
  readonly distribution: DistributionInfo;
  readonly data: Data;
  readonly metadata: MonitoringMetadata;
}
