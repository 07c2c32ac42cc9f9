import { createHash } from 'node:crypto';
import type { MonitoringEventInput } from '@distributary/contracts';
import type { MetricPoint } from '@distributary/distribution-nest';

/** What producers may call themselves is longer than what we take. */
const MAX_SERVICE_NAME = 100;
const MAX_UNIT = 32;

/** Of the resource, what tells instances of one service apart; the rest of it says how they were made. */
const INSTANCE = ['service.namespace', 'service.instance.id', 'host.name', 'k8s.pod.name', 'container.id'];

/**
 * One data point as a METRICS event. Its id is made of all that it says, so sending an export again has no effect;
 * without a time it has none, since the same figure is said anew by each export. Its routing key tells the series of a
 * metric apart, so that a snapshot has the latest value of each.
 */
export function metricEventOf(point: MetricPoint): MonitoringEventInput {
  const service = point.service.slice(0, MAX_SERVICE_NAME) || 'unknown_service';
  const instance = Object.fromEntries(INSTANCE.flatMap((name) => pick(point.resource, name)));
  const labels = { ...instance, ...point.attributes };
  const time = point.timeNanos === undefined ? undefined : isoOfNanos(point.timeNanos);
  const data = {
    service_name: service,
    metric_name: point.name,
    current_value: point.value,
    ...(point.unit !== '' && { unit: point.unit.slice(0, MAX_UNIT) }),
    ...(Object.keys(labels).length > 0 && { labels }),
    metric_kind: point.kind,
    ...(point.temporality !== undefined && { temporality: point.temporality }),
    ...(point.isMonotonic !== undefined && { is_monotonic: point.isMonotonic }),
    ...(point.startNanos !== undefined && { started_at: isoOfNanos(point.startNanos) }),
    ...(point.scope !== '' && { scope: point.scope }),
    ...(point.droppedAttributes > 0 && { dropped_attributes: point.droppedAttributes }),
    ...(point.distribution !== undefined && { [point.kind]: point.distribution }),
  };
  const series = hash([point.name, point.scope, Object.entries(labels).sort(byName)]);
  const word = service.replace(/[^A-Za-z0-9_-]/g, '_');
  return {
    ...(time !== undefined && { event_id: `otlp_${hash([series, String(point.timeNanos), data])}`, timestamp: time }),
    data_type: 'METRICS',
    data,
    routing: { routing_key: `${word}.metric.${series.slice(0, 16)}` },
    metadata: { source_service: service },
  };
}

function pick(resource: Readonly<Record<string, string>>, name: string): [string, string][] {
  return Object.hasOwn(resource, name) ? [[name, resource[name]]] : [];
}

const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1);

const hash = (of: unknown): string => createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 40);

/** To the microsecond, which is what an event's time has. */
function isoOfNanos(nanos: bigint): string {
  const micros = String((nanos / 1_000n) % 1_000_000n).padStart(6, '0');
  return new Date(Number(nanos / 1_000_000_000n) * 1_000).toISOString().replace('.000Z', `.${micros}Z`);
}
