import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import {
  type InfrastructureState,
  type MonitoringEventInput,
  type SloState,
  systemHealthSummarySchema,
} from '@distributary/contracts';
import { FakeClock } from '@distributary/distribution-core/testing';
import { ActiveAlerts } from '../alerts/active-alerts.js';
import { OpenIncidents } from '../incidents/open-incidents.js';
import type { ComponentStatus } from '../infrastructure/infrastructure-monitor.js';
import type { SloStatus } from '../slo/delivery-slo.js';
import { PerTenant } from '@distributary/distribution-service';
import { batchOf } from '../testing/published-events.js';
import { HealthSummaryController } from './health-summary.controller.js';
import { HealthSummaryService } from './health-summary.service.js';

const clock = new FakeClock();

function aSummary(
  options: {
    alerts?: string[];
    hasIncident?: boolean;
    slo?: SloState;
    broker?: InfrastructureState;
    isReady?: boolean;
    principal?: Principal;
  } = {},
) {
  const alerts = new ActiveAlerts();
  const incidents = new OpenIncidents();
  (options.alerts ?? []).forEach((severity, index) => {
    const event: MonitoringEventInput = {
      data_type: 'ALERTS',
      data: { alert_id: `${index}`, service_name: 'billing', severity },
      metadata: { source_service: 's' },
    };
    alerts.apply(batchOf(clock, event));
  });
  if (options.hasIncident) {
    incidents.apply(batchOf(clock, { data_type: 'INCIDENTS', data: {}, metadata: { source_service: 's' } }));
  }
  if (options.isReady !== false) {
    alerts.ready();
    incidents.ready();
  }
  const slo: SloStatus = {
    sloName: 'delivery-latency',
    metricName: 'm',
    state: options.slo ?? 'compliant',
    value: options.slo === 'no_data' ? undefined : 5,
    objective: 20,
    unit: 'ms',
    windowMs: 1,
    sampleCount: 1,
    ...(options.slo === 'violated' ? { budgetRemaining: -1 } : {}),
  };
  const state = options.broker ?? 'up';
  const broker: ComponentStatus =
    state === 'up' ? { component: 'broker', state, latencyMs: 1 } : { component: 'broker', state, detail: 'why' };
  const service = new HealthSummaryService(
    {
      alerts: new PerTenant(alerts, () => new ActiveAlerts()),
      incidents: new PerTenant(incidents, () => new OpenIncidents()),
      slo: { current: () => [slo] },
      infrastructure: { current: () => [broker] },
      services: {
        services: () =>
          new Map([
            ['zebra', clock.nowMicros()],
            ['alpha', clock.nowMicros()],
          ]),
      },
    },
    clock,
  );
  const summary = new HealthSummaryController(service).summary(options.principal ?? LOCAL_PRINCIPAL);
  expect(systemHealthSummarySchema.parse(summary)).toEqual(summary);
  return summary;
}

describe('GET health/summary', () => {
  it('is healthy when nothing is wrong', () => {
    expect(aSummary()).toMatchObject({
      status: 'healthy',
      active_alerts: { total: 0, by_severity: { CRITICAL: 0, WARNING: 0, INFO: 0 } },
      open_incidents: 0,
      slo: [{ slo_name: 'delivery-latency', state: 'compliant', current_value: 5, threshold: 20 }],
      infrastructure: [{ component: 'broker', state: 'up', latency_ms: 1 }],
    });
  });

  it('lists services, those with alerts first', () => {
    const { services, active_alerts: alerts } = aSummary({ alerts: ['INFO', 'CRITICAL', 'odd', 'WARNING'] });
    expect(services.map((service) => [service.service_name, service.status, service.active_alerts])).toEqual([
      ['billing', 'critical', 4],
      ['alpha', 'healthy', 0],
      ['zebra', 'healthy', 0],
    ]);
    expect(alerts).toEqual({ total: 4, by_severity: { CRITICAL: 1, WARNING: 1, INFO: 2 } });
    expect(aSummary({ alerts: ['INFO', 'WARNING'] }).services[0].status).toBe('degraded');
    expect(aSummary({ alerts: ['INFO'] }).services[0].status).toBe('healthy');
  });

  it.each([
    [{ alerts: ['INFO'] }, 'healthy'],
    [{ slo: 'no_data' as const }, 'healthy'],
    [{ alerts: ['WARNING'] }, 'degraded'],
    [{ hasIncident: true }, 'degraded'],
    [{ slo: 'violated' as const }, 'degraded'],
    [{ broker: 'degraded' as const }, 'degraded'],
    [{ alerts: ['CRITICAL'] }, 'critical'],
    [{ broker: 'down' as const }, 'critical'],
    [{ isReady: false }, 'unknown'],
    [{ isReady: false, broker: 'down' as const }, 'critical'],
  ])('with %j it is %s', (options, status) => {
    expect(aSummary(options).status).toBe(status);
  });

  it('is of what the caller may read', () => {
    const all = { alerts: ['CRITICAL'], hasIncident: true, broker: 'down' as const };
    const onlyIncidents = {
      ...LOCAL_PRINCIPAL,
      permissions: [{ verbs: ['read' as const], topicPattern: 'monitoring/incidents', constraint: undefined }],
    };
    expect(aSummary({ ...all, principal: onlyIncidents })).toMatchObject({
      status: 'degraded',
      active_alerts: { total: 0 },
      open_incidents: 1,
      infrastructure: [],
      slo: [],
    });
    expect(aSummary({ ...all, principal: { ...LOCAL_PRINCIPAL, tenant: 'acme' } })).toMatchObject({
      status: 'healthy',
      open_incidents: 0,
      infrastructure: [],
    });
    const nobody = { ...LOCAL_PRINCIPAL, permissions: [] };
    expect(() => aSummary({ principal: nobody })).toThrow(expect.objectContaining({ code: 'auth.forbidden' }));
  });

  it('says of no service that it is healthy before it knows', () => {
    expect(aSummary({ isReady: false }).services[0].status).toBe('unknown');
  });
});
