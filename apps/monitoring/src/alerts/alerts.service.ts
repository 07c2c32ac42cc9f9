import { type ActiveAlertsQuery, type Alert, alertLevelOf, levelRank } from '@distributary/contracts';
import { DistributionError, PermittedEvents, type Principal, requirePermission } from '@distributary/distribution-core';
import type { PerTenant } from '@distributary/distribution-service';
import type { ActiveAlerts } from './active-alerts.js';

export class AlertsService {
  constructor(private readonly tenants: PerTenant<ActiveAlerts>) {}

  /**
   * The most severe first, then the newest. `severity` holds one word or several, separated by commas.
   * Only those whose event the principal may read; `auth.forbidden` if it may read nothing at all.
   * `store.unavailable` (retryable) while the log is being read after the start: a part would look like all is well.
   */
  active({ severity, service }: ActiveAlertsQuery, principal: Principal): Alert[] {
    requirePermission(principal, 'read');
    const permitted = new PermittedEvents(principal, 'read');
    if (!this.tenants.own.isReady) {
      throw new DistributionError('store.unavailable', 'the active alerts are being read from the log', {
        retryAfterMs: 1_000,
      });
    }
    const wanted = severity
      ?.split(',')
      .map((word) => word.trim().toUpperCase())
      .filter((word) => word !== '');
    return [...(this.tenants.of(principal.tenant)?.values() ?? [])]
      .filter(({ topic, record }) => permitted.includes(topic, record))
      .filter(({ alert }) => service === undefined || alert.service_name === service)
      .filter(({ alert }) => wanted === undefined || wanted.length === 0 || wanted.includes(alert.severity))
      .sort(
        (a, b) =>
          levelRank(alertLevelOf(a.alert.severity)) - levelRank(alertLevelOf(b.alert.severity)) ||
          b.startedMicros - a.startedMicros,
      )
      .map(({ alert }) => alert);
  }
}
