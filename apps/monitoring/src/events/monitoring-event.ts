import {
  type MonitoringDataDistributed,
  type MonitoringDataType,
  type MonitoringDistribution,
  monitoringDistributionSchema,
} from '@distributary/contracts';
import {
  type Attributes,
  type Clock,
  DistributionError,
  type EventRecord,
  type IdSource,
  presentAttributes,
  type Problem,
  TARGETS_ATTRIBUTE,
  targetsText,
} from '@distributary/distribution-core';
import { defaultTopicOf, topicDefaults } from './default-topics.js';
import {
  isoOfMicros,
  microsOfIso,
  isTooDeep,
  noteIssues,
  type PublishedEvent,
  refuseIfAny,
} from '@distributary/distribution-service';

export const MAX_EVENT_BYTES = 256 * 1024;

const KINDS: Readonly<Record<MonitoringDataType, string>> = {
  METRICS: 'metric',
  ALERTS: 'alert',
  INCIDENTS: 'incident',
  SLO_STATUS: 'slo',
  INFRASTRUCTURE_STATUS: 'infrastructure',
  PERFORMANCE_OPTIMIZATION: 'optimization',
};

/** `request.invalid` with every problem of every event, as `events[i].…`. */
export function parseMonitoringEvents(inputs: readonly unknown[]): MonitoringDistribution[] {
  const problems: Problem[] = [];
  const events = inputs.flatMap((input, index) => parseMonitoringEvent(input, index, problems) ?? []);
  refuseIfAny(problems);
  return events;
}

/** Undefined, and its problems as `events[index].…`, if it is none. */
export function parseMonitoringEvent(
  input: unknown,
  index: number,
  problems: Problem[],
): MonitoringDistribution | undefined {
  if (isTooDeep(input, index, problems)) return undefined;
  const parsed = monitoringDistributionSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  noteIssues(parsed.error.issues, index, problems);
  return undefined;
}

/** Fills in what the producer left out. `payload.too_large` beyond {@link MAX_EVENT_BYTES}. */
export function toPublishedEvent(event: MonitoringDistribution, clock: Clock, ids: IdSource): PublishedEvent {
  const { data_type: dataType, metadata } = event;
  const service = event.data.service_name ?? metadata.source_service;
  const severity = metadata.severity ?? event.data.severity;
  const topic = event.routing?.topic ?? defaultTopicOf(dataType, severity);
  const inherited = topicDefaults(topic, dataType, severity);
  const eventId = event.event_id ?? ids.uuid();
  const timestamp = event.timestamp ?? isoOfMicros(clock.nowMicros());
  const stored: MonitoringDataDistributed = {
    event_id: eventId,
    timestamp,
    data_type: dataType,
    distribution: {
      topic,
      routing_key: event.routing?.routing_key ?? defaultRoutingKey(service, dataType, severity),
      target_subscribers: event.routing?.target_subscribers ?? [],
      priority: event.routing?.priority ?? inherited.priority,
    },
    data: { ...idOf(event, eventId), service_name: service, ...event.data },
    metadata: {
      ...metadata,
      ...(severity === undefined ? {} : { severity }),
      retention_policy: metadata.retention_policy ?? inherited.retentionPolicy,
    },
  };
  const value = Buffer.from(JSON.stringify(stored));
  if (value.length > MAX_EVENT_BYTES) {
    throw new DistributionError(
      'payload.too_large',
      `event ${eventId} has ${value.length} bytes, at most ${MAX_EVENT_BYTES} are taken`,
    );
  }
  const record: EventRecord = {
    eventId,
    timeMicros: microsOfIso(timestamp),
    routingKey: stored.distribution.routing_key,
    attributes: attributesOf(event, stored),
    value,
  };
  return { topic, record };
}

/** What filters, conflation and the service's own readers look at without parsing the payload. */
function attributesOf(event: MonitoringDistribution, stored: MonitoringDataDistributed): Attributes {
  const { data } = event;
  return presentAttributes({
    data_type: stored.data_type,
    service: stored.data.service_name as string,
    severity: stored.metadata.severity,
    urgency: stored.metadata.urgency,
    metric: data.metric_name ?? nameOfState(event),
    source_service: stored.metadata.source_service,
    priority: stored.distribution.priority,
    alert_id: stored.data.alert_id as string | undefined,
    delivery_guarantee: event.routing?.delivery_guarantee,
    [TARGETS_ATTRIBUTE]: targetsText(stored.distribution.target_subscribers),
  });
}

/** State that is not a metric has a name too; without it, conflation would merge all components of a service. */
function nameOfState(event: MonitoringDistribution): string | undefined {
  if (event.data_type === 'SLO_STATUS') return event.data.slo_name;
  return event.data_type === 'INFRASTRUCTURE_STATUS' ? event.data.component : undefined;
}

/** Alerts and incidents are told apart by an id; without one, each event is its own. */
function idOf(event: MonitoringDistribution, eventId: string): Record<string, string> {
  if (event.data_type === 'ALERTS' && event.data.alert_id === undefined) return { alert_id: eventId };
  if (event.data_type === 'INCIDENTS' && event.data.incident_id === undefined) return { incident_id: eventId };
  return {};
}

function defaultRoutingKey(service: string, dataType: MonitoringDataType, severity: string | undefined): string {
  // A dot in a service's name would split it in two words, of which the first decides the lane.
  const word = service.replace(/[^A-Za-z0-9_-]/g, '_');
  const key = `${word}.${KINDS[dataType]}`;
  return severity === undefined ? key : `${key}.${severity.toLowerCase()}`;
}
