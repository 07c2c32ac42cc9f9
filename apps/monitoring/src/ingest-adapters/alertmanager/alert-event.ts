import { createHash } from 'node:crypto';
import {
  type AlertmanagerAlert,
  type AlertLevel,
  alertLevelOf,
  type MonitoringEventInput,
} from '@distributary/contracts';
import { URGENCY } from '../../alerts/alert-event.js';

const SOURCE = 'alertmanager';
const MAX_LABELS = 64;
const MAX_NAME = 100;
const MAX_VALUE = 200;
const MAX_MESSAGE = 2_000;

/** The first of these labels says which service it is about. */
const SERVICE_LABELS = ['service', 'service_name', 'app', 'job', 'namespace'];
const MESSAGE_ANNOTATIONS = ['summary', 'description', 'message'];

/**
 * One alert as an ALERTS event. The fingerprint is the alert, so its end finds its beginning; together with its start it
 * is one occurrence, so that Alertmanager may repeat itself.
 */
export function alertEventOf(alert: AlertmanagerAlert): MonitoringEventInput {
  const { labels, annotations = {}, status, startsAt, endsAt } = alert;
  const fingerprint = alert.fingerprint ?? fingerprintOf(labels);
  const name = labels.alertname ?? 'alert';
  const service = firstOf(labels, SERVICE_LABELS)?.slice(0, MAX_NAME) ?? SOURCE;
  const severity = levelOf(labels.severity);
  const isResolved = status === 'resolved';
  return {
    event_id: `${SOURCE}_${fingerprint}:${startsAt}:${status}`,
    data_type: 'ALERTS',
    data: {
      alert_id: `${SOURCE}_${fingerprint}`,
      service_name: service,
      severity,
      status: isResolved ? 'resolved' : 'raised',
      rule_id: name.slice(0, MAX_VALUE),
      message: (firstOf(annotations, MESSAGE_ANNOTATIONS) ?? name).slice(0, MAX_MESSAGE),
      started_at: startsAt,
      ...(isResolved && isKnown(endsAt) && { resolved_at: endsAt }),
      labels: bounded(labels, MAX_VALUE),
      ...(Object.keys(annotations).length > 0 && { annotations: bounded(annotations, MAX_MESSAGE) }),
      ...(alert.generatorURL !== undefined && { generator_url: alert.generatorURL.slice(0, MAX_MESSAGE) }),
    },
    metadata: { source_service: SOURCE, severity, urgency: URGENCY[severity] },
  };
}

/** Without the label somebody should still look at it. */
const levelOf = (severity: string | undefined): AlertLevel =>
  severity === undefined || severity === '' ? 'WARNING' : alertLevelOf(severity);

/** Alertmanager writes year 1 for "not known". */
const isKnown = (time: string | undefined): boolean => time !== undefined && !time.startsWith('0001-');

function firstOf(texts: Readonly<Record<string, string>>, names: readonly string[]): string | undefined {
  const name = names.find((each) => Object.hasOwn(texts, each) && texts[each] !== '');
  return name === undefined ? undefined : texts[name];
}

function bounded(texts: Readonly<Record<string, string>>, maxLength: number): Record<string, string> {
  const kept = Object.entries(texts).slice(0, MAX_LABELS);
  return Object.fromEntries(kept.map(([name, text]) => [name.slice(0, MAX_NAME), text.slice(0, maxLength)]));
}

function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}
