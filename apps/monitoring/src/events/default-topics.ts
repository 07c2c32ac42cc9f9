import { type AlertLevel, alertLevelOf, MONITORING_DATA_TYPES, type MonitoringDataType } from '@distributary/contracts';
import {
  brokerNameOf,
  type ConflationKey,
  deadLetterTopic,
  type NewTopic,
  type SlowPolicy,
} from '@distributary/distribution-core';

interface TopicRow {
  readonly name: string;
  readonly dataType: string;
  readonly partitions: number;
  readonly retentionPolicy: string;
  readonly priority: number;
  readonly conflationKey: ConflationKey;
}

/** A service has one routing key per data type, so the metric (or SLO, or component) tells its states apart. */
const ONE_STATE_PER_METRIC: ConflationKey = { attributes: ['data_type', 'metric'] };

export const RECEIPTS_TOPIC = 'monitoring/distributed';

const ALERT_TOPICS: Readonly<Record<AlertLevel, string>> = {
  CRITICAL: 'monitoring/alerts/critical',
  WARNING: 'monitoring/alerts/warning',
  INFO: 'monitoring/alerts/info',
};

const TOPIC_ROWS: readonly TopicRow[] = [
  topic('monitoring/metrics', 'METRICS', { partitions: 4, retention: '1d', priority: 5, key: ONE_STATE_PER_METRIC }),
  topic(ALERT_TOPICS.CRITICAL, 'ALERTS', { partitions: 2, retention: '30d', priority: 1 }),
  topic(ALERT_TOPICS.WARNING, 'ALERTS', { partitions: 2, retention: '30d', priority: 2 }),
  topic(ALERT_TOPICS.INFO, 'ALERTS', { partitions: 2, retention: '30d', priority: 3 }),
  topic('monitoring/incidents', 'INCIDENTS', { partitions: 2, retention: '90d', priority: 1 }),
  topic('monitoring/slo', 'SLO_STATUS', { partitions: 1, retention: '30d', priority: 3, key: ONE_STATE_PER_METRIC }),
  topic('monitoring/infrastructure', 'INFRASTRUCTURE_STATUS', {
    partitions: 1,
    retention: '7d',
    priority: 2,
    key: ONE_STATE_PER_METRIC,
  }),
  topic('monitoring/optimization', 'PERFORMANCE_OPTIMIZATION', { partitions: 1, retention: '30d', priority: 6 }),
  topic(RECEIPTS_TOPIC, 'RECEIPTS', { partitions: 2, retention: '1d', priority: 9 }),
];

/** What topics of the whole service are called by. */
export const SERVICE = 'monitoring';
export const DEAD_LETTER_RETENTION = '30d';

/** What the service creates at its first start. */
export function monitoringTopics(tenant = 'default'): readonly NewTopic[] {
  const topics = TOPIC_ROWS.map((row): NewTopic => ({
    ...row,
    tenant,
    brokerName: brokerNameOf(row.name, tenant),
    enabled: true,
    origin: 'ingested',
  }));
  return [...topics, deadLetterTopic(SERVICE, tenant, DEAD_LETTER_RETENTION)];
}

/** Where an event goes whose producer named no topic. */
export function defaultTopicOf(dataType: MonitoringDataType, severity: string | undefined): string {
  switch (dataType) {
    case 'METRICS':
      return 'monitoring/metrics';
    case 'ALERTS':
      return ALERT_TOPICS[alertLevelOf(severity)];
    case 'INCIDENTS':
      return 'monitoring/incidents';
    case 'SLO_STATUS':
      return 'monitoring/slo';
    case 'INFRASTRUCTURE_STATUS':
      return 'monitoring/infrastructure';
    case 'PERFORMANCE_OPTIMIZATION':
      return 'monitoring/optimization';
  }
}

/** What an event inherits from its topic, or, on a topic that others created, from the topic of its data type. */
export function topicDefaults(
  topicName: string,
  dataType: MonitoringDataType,
  severity: string | undefined,
): { readonly priority: number; readonly retentionPolicy: string } {
  const named = TOPIC_ROWS.find((row) => row.name === topicName);
  return named ?? (TOPIC_ROWS.find((row) => row.name === defaultTopicOf(dataType, severity)) as TopicRow);
}

const SLOW_POLICIES: Readonly<Record<MonitoringDataType, SlowPolicy>> = {
  METRICS: 'conflate',
  SLO_STATUS: 'conflate',
  INFRASTRUCTURE_STATUS: 'conflate',
  ALERTS: 'block',
  INCIDENTS: 'block',
  PERFORMANCE_OPTIMIZATION: 'block',
};

/** State may be replaced by newer state; of events each one counts. Unknown types count as events. */
export function defaultSlowPolicy(dataType: string): SlowPolicy {
  return isMonitoringDataType(dataType) ? SLOW_POLICIES[dataType] : 'block';
}

function isMonitoringDataType(text: string): text is MonitoringDataType {
  return (MONITORING_DATA_TYPES as readonly string[]).includes(text);
}

function topic(
  name: string,
  dataType: string,
  row: {
    readonly partitions: number;
    readonly retention: string;
    readonly priority: number;
    readonly key?: ConflationKey;
  },
): TopicRow {
  const { partitions, retention, priority, key = 'none' } = row;
  return { name, dataType, partitions, retentionPolicy: retention, priority, conflationKey: key };
}
