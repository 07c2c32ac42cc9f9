import { type AlertLevel, alertLevelOf, type HealthState, type SystemHealthSummary } from '@distributary/contracts';
import {
  type Clock,
  DEFAULT_TENANT,
  isPermitted,
  PermittedEvents,
  type Principal,
  requirePermission,
} from '@distributary/distribution-core';
import type { ActiveAlerts } from '../alerts/active-alerts.js';
import { isoOfMicros, type PerTenant } from '@distributary/distribution-service';
import type { OpenIncidents } from '../incidents/open-incidents.js';
import type { ComponentStatus } from '../infrastructure/infrastructure-monitor.js';
import type { SloStatus } from '../slo/delivery-slo.js';

/** Where the summary gets its parts. */
export interface HealthSources {
  readonly alerts: PerTenant<ActiveAlerts>;
  readonly incidents: PerTenant<OpenIncidents>;
  readonly slo: { current(): readonly SloStatus[] };
  readonly infrastructure: { current(): readonly ComponentStatus[] };
  readonly services: { services(permitted: PermittedEvents): ReadonlyMap<string, number> };
}

/** More services than anybody reads; those with alerts come first. */
const MAX_SERVICES = 1_000;

interface ServiceTally {
  alerts: number;
  worst: AlertLevel | undefined;
  lastSeenMicros: number | undefined;
}

export class HealthSummaryService {
  constructor(
    private readonly sources: HealthSources,
    private readonly clock: Clock,
  ) {}

  /** Of what the principal may read; `auth.forbidden` if that is nothing at all. */
  summary(principal: Principal): SystemHealthSummary {
    requirePermission(principal, 'read');
    const permitted = new PermittedEvents(principal, 'read');
    const { alerts, incidents } = this.sources;
    const isWhole = alerts.own.isReady && incidents.own.isReady;
    const slo = this.own(this.sources.slo, principal, 'monitoring/slo');
    const infrastructure = this.own(this.sources.infrastructure, principal, 'monitoring/infrastructure');
    const openAlerts = [...(alerts.of(principal.tenant)?.values() ?? [])].filter(({ topic, record }) =>
      permitted.includes(topic, record),
    );
    const openIncidents = [...(incidents.of(principal.tenant)?.values() ?? [])].filter(({ topic, record }) =>
      permitted.includes(topic, record),
    );
    const bySeverity = { CRITICAL: 0, WARNING: 0, INFO: 0 };
    const tallies = new Map<string, ServiceTally>();
    for (const [service, lastSeenMicros] of this.sources.services.services(permitted)) {
      tallies.set(service, { alerts: 0, worst: undefined, lastSeenMicros });
    }
    for (const { alert } of openAlerts) {
      const level = alertLevelOf(alert.severity);
      bySeverity[level]++;
      const tally = tallies.get(alert.service_name) ?? { alerts: 0, worst: undefined, lastSeenMicros: undefined };
      tally.alerts++;
      tally.worst = worstOf(tally.worst, level);
      tallies.set(alert.service_name, tally);
    }
    return {
      status: statusOf(isWhole, bySeverity, openIncidents.length, infrastructure, slo),
      services: [...tallies]
        .map(([service, tally]) => ({
          service_name: service,
          status: isWhole ? stateOfAlerts(tally.worst) : 'unknown',
          active_alerts: tally.alerts,
          ...(tally.lastSeenMicros === undefined ? {} : { last_seen_at: isoOfMicros(tally.lastSeenMicros) }),
        }))
        .sort((a, b) => b.active_alerts - a.active_alerts || (a.service_name < b.service_name ? -1 : 1))
        .slice(0, MAX_SERVICES),
      active_alerts: { total: openAlerts.length, by_severity: bySeverity },
      open_incidents: openIncidents.length,
      slo: slo.map(({ sloName, state, value, objective, budgetRemaining }) => ({
        slo_name: sloName,
        state,
        ...(value === undefined ? {} : { current_value: value }),
        threshold: objective,
        ...(budgetRemaining === undefined ? {} : { error_budget_remaining: budgetRemaining }),
      })),
      infrastructure: infrastructure.map(({ component, state, latencyMs, detail }) => ({
        component,
        state,
        ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
        ...(detail === undefined ? {} : { detail }),
      })),
      generated_at: isoOfMicros(this.clock.nowMicros()),
    };
  }

  /** What the service says of itself is the default tenant's, in topics that a reader may or may not read. */
  private own<State>(source: { current(): readonly State[] }, principal: Principal, topic: string): readonly State[] {
    return principal.tenant === DEFAULT_TENANT && isPermitted(principal, 'read', topic) ? source.current() : [];
  }
}

/** The worst of all; unknown while the log is still being read, since a part would look like all is well. */
function statusOf(
  isWhole: boolean,
  bySeverity: Readonly<Record<AlertLevel, number>>,
  openIncidents: number,
  infrastructure: readonly ComponentStatus[],
  slo: readonly SloStatus[],
): HealthState {
  const components = infrastructure.map(({ state }) => state);
  if (bySeverity.CRITICAL > 0 || components.includes('down')) return 'critical';
  if (!isWhole) return 'unknown';
  const isDegraded =
    bySeverity.WARNING > 0 ||
    openIncidents > 0 ||
    components.includes('degraded') ||
    slo.some(({ state }) => state === 'violated');
  return isDegraded ? 'degraded' : 'healthy';
}

function worstOf(a: AlertLevel | undefined, b: AlertLevel): AlertLevel {
  if (a === 'CRITICAL' || b === 'CRITICAL') return 'CRITICAL';
  return a === 'WARNING' || b === 'WARNING' ? 'WARNING' : 'INFO';
}

function stateOfAlerts(worst: AlertLevel | undefined): HealthState {
  if (worst === 'CRITICAL') return 'critical';
  return worst === 'WARNING' ? 'degraded' : 'healthy';
}
