import { type AlertLevel, alertLevelOf, levelRank, type MonitoringEventInput } from '@distributary/contracts';
import type { Clock } from '@distributary/distribution-core';
import type { ActiveAlert, ActiveAlerts, AlertChange, AlertListener } from '../alerts/active-alerts.js';
import { OWN_SERVICE } from '../events/own-service.js';
import { type Incident, incidentEvent, incidentIdOf } from './incident-event.js';
import type { OpenIncidents } from './open-incidents.js';

export interface IncidentRules {
  /** This many alerts of one service within the window open an incident; a critical one does so alone. */
  readonly alertsToOpen: number;
  readonly windowMs: number;
}

export const DEFAULT_INCIDENT_RULES: IncidentRules = { alertsToOpen: 3, windowMs: 300_000 };

interface RecentAlert {
  readonly service: string;
  readonly alertId: string;
  readonly level: AlertLevel;
  readonly atMicros: number;
}

const MAX_SERVICES = 10_000;
const MAX_RECENT = 100;

/**
 * Alerts of one service that come close together are one incident. It opens at the first critical alert, or at the
 * third within five minutes; takes in every further alert of the service; and ends when all of them are resolved.
 * Begins when both active alerts and open incidents are known, and then makes up for what it missed in between.
 *
 * One worker at a time leads and tells; the others only remember which alerts there were of late, and who leads next
 * begins with what the log says is open.
 */
export class IncidentGrouping implements AlertListener {
  private readonly incidents = new Map<string, Incident>();
  private readonly recent = new Map<string, RecentAlert[]>();
  private isLeading = false;
  private hasBegun = false;

  constructor(
    private readonly alerts: ActiveAlerts,
    private readonly known: OpenIncidents,
    private readonly outbox: { add(events: readonly MonitoringEventInput[]): void },
    private readonly clock: Clock,
    private readonly rules: IncidentRules = DEFAULT_INCIDENT_RULES,
  ) {
    alerts.listen(this);
    known.onReady(() => this.begin());
    this.begin();
  }

  ready(): void {
    this.begin();
  }

  /** From now on it is this process that tells: it knows all that the one before has told. */
  lead(): void {
    this.isLeading = true;
    this.begin();
  }

  follow(): void {
    this.isLeading = false;
    this.hasBegun = false;
    this.incidents.clear();
  }

  changed({ kind, alert, atMicros }: AlertChange): void {
    if (!this.hasBegun) {
      if (kind !== 'resolved') this.remember(recentOf(alert, atMicros));
    } else if (kind === 'resolved') this.resolved(alert, atMicros);
    else this.raised(recentOf(alert, atMicros));
  }

  private begin(): void {
    if (!this.isLeading || this.hasBegun || !this.alerts.isReady || !this.known.isReady) return;
    this.hasBegun = true;
    const own = [...this.known.values()].filter(({ sourceService }) => sourceService === OWN_SERVICE);
    for (const { incidentId, service, severity, alertIds, openedMicros } of own) {
      const activeIds = new Set(alertIds.filter((alertId) => this.isActive(alertId)));
      const incident = { incidentId, service, severity, openedMicros, alertIds: new Set(alertIds), activeIds };
      if (activeIds.size > 0) this.incidents.set(service, incident);
      else this.publish(incident, 'resolved', this.clock.nowMicros());
    }
    const active = [...this.alerts.values()].map((alert) => recentOf(alert, alert.startedMicros));
    const missed = [...this.recent.values()].flat().filter((alert) => this.stillCounts(alert));
    this.recent.clear();
    for (const alert of [...active, ...missed].sort((a, b) => a.atMicros - b.atMicros)) this.raised(alert);
  }

  /** Of what was remembered while another one led: what is active, or was of late and is not in an incident that was told. */
  private stillCounts({ alertId, atMicros }: RecentAlert): boolean {
    if (this.isActive(alertId)) return true;
    const isOfLate = atMicros >= this.clock.nowMicros() - this.rules.windowMs * 1000;
    return isOfLate && atMicros > this.known.lastToldMicros(alertId);
  }

  private isActive(alertId: string): boolean {
    return this.alerts.find(alertId) !== undefined;
  }

  private raised(alert: RecentAlert): void {
    const { service, alertId, level, atMicros } = alert;
    const open = this.incidents.get(service);
    if (open !== undefined) {
      this.join(open, alertId, level, atMicros);
      return;
    }
    const recent = this.remember(alert);
    if (level !== 'CRITICAL' && recent.length < this.rules.alertsToOpen) return;
    // Those that were over before this process led count with others, but nothing would end an incident of them alone.
    if (recent.some((one) => this.isActive(one.alertId))) this.open(service, recent, atMicros);
  }

  private open(service: string, recent: readonly RecentAlert[], openedMicros: number): void {
    const alertIds = recent.map(({ alertId }) => alertId);
    const incident: Incident = {
      incidentId: incidentIdOf(service, openedMicros),
      service,
      severity: recent.reduce<AlertLevel>((most, { level }) => moreSevere(most, level), 'INFO'),
      openedMicros,
      alertIds: new Set(alertIds),
      activeIds: new Set(alertIds.filter((alertId) => this.isActive(alertId))),
    };
    this.incidents.set(service, incident);
    this.recent.delete(service);
    this.publish(incident, 'opened', openedMicros);
  }

  private join(incident: Incident, alertId: string, level: AlertLevel, atMicros: number): void {
    const severity = moreSevere(incident.severity, level);
    if (this.isActive(alertId)) incident.activeIds.add(alertId);
    if (incident.alertIds.has(alertId) && severity === incident.severity) return;
    incident.alertIds.add(alertId);
    incident.severity = severity;
    this.publish(incident, 'updated', atMicros);
  }

  private resolved({ alert }: ActiveAlert, atMicros: number): void {
    const incident = this.incidents.get(alert.service_name);
    if (incident?.activeIds.delete(alert.alert_id) !== true || incident.activeIds.size > 0) return;
    this.incidents.delete(alert.service_name);
    this.publish(incident, 'resolved', atMicros);
  }

  private remember(alert: RecentAlert): readonly RecentAlert[] {
    const { service } = alert;
    const oldestMicros = alert.atMicros - this.rules.windowMs * 1000;
    const others = (this.recent.get(service) ?? []).filter(
      ({ alertId, atMicros }) => alertId !== alert.alertId && atMicros >= oldestMicros,
    );
    const recent = [...others, alert].slice(-MAX_RECENT);
    this.recent.delete(service);
    this.recent.set(service, recent);
    if (this.recent.size > MAX_SERVICES) this.recent.delete(this.recent.keys().next().value as string);
    return recent;
  }

  private publish(incident: Incident, status: 'opened' | 'updated' | 'resolved', atMicros: number): void {
    this.outbox.add([incidentEvent(incident, status, atMicros)]);
  }
}

const recentOf = ({ alert }: ActiveAlert, atMicros: number): RecentAlert => ({
  service: alert.service_name,
  alertId: alert.alert_id,
  level: alertLevelOf(alert.severity),
  atMicros,
});

function moreSevere(a: AlertLevel, b: AlertLevel): AlertLevel {
  return levelRank(a) <= levelRank(b) ? a : b;
}
