import { createHash } from 'node:crypto';
import type { MonitoringDataType } from '@distributary/contracts';
import { invalidRequest } from '@distributary/distribution-core';
import type { CloudEvent } from '@distributary/distribution-nest';

/** Words of a `type` that say what the event is about; the last one that is there counts. */
const DATA_TYPES: Readonly<Record<string, MonitoringDataType>> = {
  metric: 'METRICS',
  metrics: 'METRICS',
  alert: 'ALERTS',
  alerts: 'ALERTS',
  incident: 'INCIDENTS',
  incidents: 'INCIDENTS',
  slo: 'SLO_STATUS',
  slo_status: 'SLO_STATUS',
  infrastructure: 'INFRASTRUCTURE_STATUS',
  infrastructure_status: 'INFRASTRUCTURE_STATUS',
  optimization: 'PERFORMANCE_OPTIMIZATION',
  performance_optimization: 'PERFORMANCE_OPTIMIZATION',
};

/** What the `subject` is the name of. */
const SUBJECTS: Readonly<Record<MonitoringDataType, string>> = {
  METRICS: 'metric_name',
  ALERTS: 'alert_id',
  INCIDENTS: 'incident_id',
  SLO_STATUS: 'slo_name',
  INFRASTRUCTURE_STATUS: 'component',
  PERFORMANCE_OPTIMIZATION: 'subject',
};

/** A `type` may end with one of these. */
const STATUSES: Readonly<Partial<Record<MonitoringDataType, readonly string[]>>> = {
  ALERTS: ['raised', 'resolved'],
  INCIDENTS: ['opened', 'updated', 'resolved'],
  PERFORMANCE_OPTIMIZATION: ['open', 'ended'],
};

const MAX_EVENT_ID = 200;
const MAX_SERVICE_NAME = 100;

/**
 * Events as they are published over REST. Data that is such an event itself only gets the id and time that it lacks.
 * Otherwise: `type` says the data type (and status), `subject` names the metric, alert or component, the last part of
 * `source` names the service, the extensions `severity` and `partitionkey` give severity and routing key, and `data` is
 * the data. Source and id together make the id, as CloudEvents has it. `request.invalid`.
 */
export function monitoringInputsOf(events: readonly CloudEvent[]): readonly object[] {
  const inputs = events.map(monitoringInputOf);
  const problems = inputs.flatMap((input, index) =>
    typeof input === 'string' ? [{ path: `events[${index}].type`, rule: input }] : [],
  );
  if (problems.length > 0) throw invalidRequest(problems);
  return inputs as readonly object[];
}

/** A text says what is wrong with the type. */
function monitoringInputOf(event: CloudEvent): object | string {
  const { data, time } = event;
  const given = isObject(data) ? data : undefined;
  const defaults = { event_id: eventIdOf(event), ...(time !== undefined && { timestamp: time }) };
  if (given !== undefined && 'data_type' in given && 'data' in given) return { ...defaults, ...given };

  const words = event.type.toLowerCase().split(/[./:-]/);
  const word = words.findLast((each) => Object.hasOwn(DATA_TYPES, each));
  if (word === undefined) return `must have one of the words ${Object.keys(DATA_TYPES).join(', ')}`;
  const dataType = DATA_TYPES[word];
  const status = STATUSES[dataType]?.find((each) => each === words.at(-1));
  const service = serviceOf(event.source);
  const { severity, partitionkey } = event.extensions;
  return {
    ...defaults,
    data_type: dataType,
    data: {
      service_name: service,
      ...(event.subject !== undefined && { [SUBJECTS[dataType]]: event.subject }),
      ...(status !== undefined && { status }),
      ...(data === undefined ? {} : (given ?? { value: data })),
    },
    ...(partitionkey !== undefined && { routing: { routing_key: String(partitionkey) } }),
    metadata: { source_service: service, ...(severity !== undefined && { severity: String(severity) }) },
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ids of CloudEvents are unique within their source. */
function eventIdOf({ id, source }: CloudEvent): string {
  const both = `${source}#${id}`;
  return both.length <= MAX_EVENT_ID ? both : `ce_${createHash('sha256').update(both).digest('hex')}`;
}

/** `/services/billing` and `urn:service:billing` are both of `billing`. */
function serviceOf(source: string): string {
  const parts = source.split(/[?#]/, 1)[0].split(/[/:]/);
  return (parts.findLast((part) => part !== '') ?? source).slice(0, MAX_SERVICE_NAME);
}
