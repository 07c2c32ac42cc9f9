import type { AlertLevel, MonitoringEventInput } from '@distributary/contracts';
import { URGENCY } from '../alerts/alert-event.js';
import { isoOfMicros, stampOfMicros } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';

/** An incident of this service, while it is open. */
export interface Incident {
  readonly incidentId: string;
  readonly service: string;
  severity: AlertLevel;
  readonly openedMicros: number;
  /** All that ever belonged to it. */
  readonly alertIds: Set<string>;
  /** Those that are not resolved. */
  readonly activeIds: Set<string>;
}

const MAX_ALERT_IDS = 1_000;

export const incidentIdOf = (service: string, openedMicros: number): string =>
  `incident_${service}_${stampOfMicros(openedMicros)}`;

export function incidentEvent(
  incident: Incident,
  status: 'opened' | 'updated' | 'resolved',
  atMicros: number,
): MonitoringEventInput {
  const { incidentId, service, severity, openedMicros, alertIds } = incident;
  const count = alertIds.size;
  return {
    // Alerts only ever join and severity only ever rises, so each update has an id of its own.
    event_id: `${incidentId}:${status === 'updated' ? `updated:${count}:${severity}` : status}`,
    timestamp: isoOfMicros(atMicros),
    data_type: 'INCIDENTS',
    data: {
      incident_id: incidentId,
      service_name: service,
      severity,
      status,
      title: `${count} ${count === 1 ? 'alert' : 'alerts'} of ${service}`,
      alert_ids: [...alertIds].slice(0, MAX_ALERT_IDS),
      opened_at: isoOfMicros(openedMicros),
      ...(status === 'resolved' ? { resolved_at: isoOfMicros(atMicros) } : {}),
    },
    // One key for the life of an incident, whatever its severity becomes: its events stay in order.
    routing: { routing_key: `${service.replace(/[^A-Za-z0-9_-]/g, '_')}.incident` },
    metadata: { source_service: OWN_SERVICE, severity, urgency: URGENCY[severity] },
  };
}
