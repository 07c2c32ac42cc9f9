import { createHash } from 'node:crypto';
import type { Alert, AlertLevel, MonitoringEventInput } from '@distributary/contracts';
import { isoOfMicros, stampOfMicros } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import type { AlertRule } from './alert-rule.js';

/** One occurrence of one rule over one series. */
export interface Occurrence {
  readonly alertId: string;
  readonly rule: AlertRule;
  readonly service: string;
  /** Routing key of the series. */
  readonly seriesKey: string;
  readonly sinceMicros: number;
}

/** Equal for every process that watches the same events, so their alerts are one alert. */
export function alertIdOf(rule: AlertRule, seriesKey: string, service: string, sinceMicros: number): string {
  const series = createHash('sha256').update(`${seriesKey}\n${service}`).digest('hex').slice(0, 12);
  return `alert_${rule.id}_${series}_${stampOfMicros(sinceMicros)}`;
}

export const URGENCY: Readonly<Record<AlertLevel, string>> = { CRITICAL: 'HIGH', WARNING: 'MEDIUM', INFO: 'LOW' };

export function alertEvent(
  occurrence: Occurrence,
  status: 'raised' | 'resolved',
  atMicros: number,
  figure: { readonly value?: number; readonly unit?: string; readonly message?: string },
): MonitoringEventInput {
  const { alertId, rule, service, seriesKey, sinceMicros } = occurrence;
  return {
    event_id: `${alertId}:${status}`,
    timestamp: isoOfMicros(atMicros),
    data_type: 'ALERTS',
    data: {
      alert_id: alertId,
      service_name: service,
      severity: rule.severity,
      metric_name: rule.metric,
      ...(figure.value === undefined ? {} : { current_value: figure.value }),
      threshold: rule.threshold,
      ...(figure.unit === undefined ? {} : { unit: figure.unit }),
      status,
      rule_id: rule.id,
      message: figure.message ?? `${rule.summary}: ${rule.metric} is ${figure.value}, threshold ${rule.threshold}`,
      started_at: isoOfMicros(sinceMicros),
      ...(status === 'resolved' ? { resolved_at: isoOfMicros(atMicros) } : {}),
      source_routing_key: seriesKey,
    },
    metadata: { source_service: OWN_SERVICE, severity: rule.severity, urgency: URGENCY[rule.severity] },
  };
}

/** Its rule is not there any more, so nothing else would ever resolve it. */
export function orphanResolved(alert: Alert, atMicros: number): MonitoringEventInput {
  const { alert_id, service_name, severity, rule_id, started_at } = alert;
  const resolved_at = isoOfMicros(atMicros);
  const message = 'its rule does not exist any more';
  return {
    event_id: `${alert_id}:resolved`,
    timestamp: resolved_at,
    data_type: 'ALERTS',
    data: { alert_id, service_name, severity, rule_id, status: 'resolved', message, started_at, resolved_at },
    metadata: { source_service: OWN_SERVICE, severity },
  };
}
