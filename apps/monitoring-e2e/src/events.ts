import { randomUUID } from 'node:crypto';

export { idsOf, type StoredEvent } from '@distributary/distribution-service/testing';

export interface EventInput {
  readonly event_id: string;
  readonly timestamp?: string;
  readonly data_type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly routing?: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

let services = 0;

/** A service that no other test speaks of. */
export const aService = (): string => `service_${++services}_${randomUUID().slice(0, 8)}`;

export function anAlert(service: string, more: Partial<EventInput> = {}): EventInput {
  return {
    event_id: randomUUID(),
    data_type: 'ALERTS',
    data: { alert_id: 'a1', service_name: service, severity: 'CRITICAL', current_value: 5, threshold: 1 },
    metadata: { source_service: service, severity: 'CRITICAL' },
    ...more,
  };
}

export function aMetric(service: string, value = 1, name = 'queue_depth', more: Partial<EventInput> = {}): EventInput {
  return {
    event_id: randomUUID(),
    data_type: 'METRICS',
    data: { service_name: service, metric_name: name, current_value: value },
    metadata: { source_service: service },
    ...more,
  };
}

/** `count` alerts, each with its number. */
export const alerts = (service: string, count: number, first = 0): EventInput[] =>
  Array.from({ length: count }, (_, index) =>
    anAlert(service, { data: { alert_id: 'a1', service_name: service, number: first + index } }),
  );

/** The service itself speaks of a service with alerts, as incidents: tests that count select only what they sent. */
export const alertsOf = (service: string) => ({ services: [service], data_types: ['ALERTS'] });
