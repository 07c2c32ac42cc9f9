import os from 'node:os';
import { type Clock, compileTopicPattern, type IdSource } from '@distributary/distribution-core';
import type { HealthCheck, Logger, Role, Roles } from '@distributary/distribution-nest';
import { ActiveAlerts } from '../alerts/active-alerts.js';
import { AlertEvaluator } from '../alerts/alert-evaluator.js';
import { DEFAULT_ALERT_RULES } from '../alerts/alert-rule.js';
import { AlertsService } from '../alerts/alerts.service.js';
import type { MonitoringConfig } from '../config/monitoring.config.js';
import { ALERT_PATTERNS, INCIDENT_PATTERNS, METRIC_PATTERNS } from '../events/event-feed.js';
import { EventsService } from '../events/events.service.js';
import { HistoryService } from '../events/history.service.js';
import { Outbox } from '../events/outbox.js';
import { PerTenant } from '../events/per-tenant.js';
import { HostProbe } from '../host-probe/host-probe.js';
import { HostReader } from '../host-probe/host-reader.js';
import { ProcessReader } from '../host-probe/process-reader.js';
import { HealthSummaryService } from '../health-summary/health-summary.service.js';
import { IncidentGrouping } from '../incidents/incident-grouping.js';
import { OpenIncidents } from '../incidents/open-incidents.js';
import { InfrastructureMonitor } from '../infrastructure/infrastructure-monitor.js';
import { LatestEvents } from '../metrics/latest-events.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { OptimizationPublisher } from '../optimization/optimization-publisher.js';
import { PerformancePublisher } from '../performance/performance-publisher.js';
import { performanceRules } from '../performance/performance-rules.js';
import { ReceiptPublisher } from '../receipts/receipt-publisher.js';
import { type Schedule, Schedules } from '../schedules/repeating-task.js';
import { SloPublisher } from '../slo/slo-publisher.js';
import { trafficOf } from './distribution-traffic.js';
import { LogEventFeed } from './log-event-feed.js';
import { monitoringVocabulary } from '../stream/monitoring-vocabulary.js';
import type { Observability } from './observability.js';
import { type Parts, READERS } from './parts.js';

export interface Features {
  readonly events: EventsService;
  readonly history: HistoryService;
  readonly alerts: AlertsService;
  readonly metrics: MetricsService;
  readonly healthSummary: HealthSummaryService;
  start(): void;
  /** What they still have to say is published first. */
  stop(): Promise<void>;
}

export interface FeatureSurroundings {
  /** What the service needs; `check` rejects if it is not there. */
  readonly dependencies: readonly HealthCheck[];
  readonly config: MonitoringConfig;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly observability: Observability;
}

/** For what is looked at and not told. */
const UNTOLD = { add: () => undefined };

/** Of a tenant beside the default one. */
const ALERTS_PER_TENANT = 1_000;

/** What the service watches by itself: this machine, its own deliveries, and what follows from the figures. */
export function createFeatures(
  parts: Parts,
  { config, roles, clock, ids, logger, dependencies, observability }: FeatureSurroundings,
): Features {
  const { publisher, log, directory } = parts;
  const outbox = new Outbox(publisher, clock, {
    onDiscard: (events, reason, error) => logger.warn('outbox.discarded', { events: events.length, reason, error }),
  });
  const activeAlerts = new ActiveAlerts();
  const openIncidents = new OpenIncidents();
  // Of other tenants it is told, and that is all: alerts and incidents of its own it makes for the default tenant.
  const alerts = new PerTenant(activeAlerts, () => new ActiveAlerts(ALERTS_PER_TENANT));
  const incidents = new PerTenant(openIncidents, () => new OpenIncidents(ALERTS_PER_TENANT));
  const evaluator = roles.has('worker')
    ? new AlertEvaluator([...DEFAULT_ALERT_RULES, ...performanceRules(config)], activeAlerts, outbox, clock)
    : undefined;
  if (evaluator !== undefined) new IncidentGrouping(activeAlerts, openIncidents, outbox, clock);
  const probe = new HostProbe(
    new HostReader(clock, config.DATA_DIR),
    new ProcessReader(clock),
    publisher,
    clock,
    { intervalMs: config.PROBE_INTERVAL_MS, hostname: os.hostname() },
    logger,
  );
  const performance = new PerformancePublisher(
    () => observability.sample(),
    publisher,
    clock,
    {
      intervalMs: config.PERFORMANCE_INTERVAL_MS,
      hostname: os.hostname(),
      processName: config.PROCESS_NAME,
    },
    logger,
  );
  const receipts = new ReceiptPublisher(
    parts.receipts,
    publisher,
    clock,
    { intervalMs: config.RECEIPT_INTERVAL_MS, processName: config.PROCESS_NAME ?? os.hostname().slice(0, 100) },
    logger,
  );
  const slo = new SloPublisher(parts.statistics, outbox, clock);
  // Who answers for the health of the service looks for itself; only a worker tells others.
  const infrastructure = new InfrastructureMonitor(dependencies, roles.has('worker') ? outbox : UNTOLD, clock);
  const optimization = new OptimizationPublisher({ traffic: () => trafficOf(parts.fanOut) }, outbox, clock);
  const latest = new LatestEvents(parts.fanOut.lastValues);
  // What a process measures of its own readers it tells itself; the rest is a worker's.
  const schedules = new Schedules(
    schedulesOf(roles, [
      [['worker'], evaluator],
      [['worker'], probe],
      [['worker'], parts.guarantees.watch(outbox, logger)],
      [['api', 'worker'], infrastructure],
      [['api', 'gateway'], performance],
      [['gateway'], slo],
      [['gateway'], receipts],
      [['gateway'], optimization],
      [['gateway', 'worker'], parts.management.watch(activeAlerts, outbox)],
    ]),
  );
  const feed = new LogEventFeed(log, directory, clock, (error) => logger.error('feed.failed', { error }));
  const metricPatterns = METRIC_PATTERNS.map((pattern) => compileTopicPattern(pattern));
  let ends: (() => Promise<void>)[] = [];
  return {
    events: new EventsService(publisher, parts.ingestShare, clock, ids),
    history: new HistoryService(parts.history, monitoringVocabulary),
    alerts: new AlertsService(alerts),
    metrics: new MetricsService(latest, clock),
    healthSummary: new HealthSummaryService({ alerts, incidents, slo, infrastructure, services: latest }, clock),
    start() {
      if (!READERS.some((role) => roles.has(role))) return;
      ends = [
        feed.subscribe({ patterns: ALERT_PATTERNS, start: 'earliest', allTenants: true, consumer: alerts }),
        feed.subscribe({ patterns: INCIDENT_PATTERNS, start: 'earliest', allTenants: true, consumer: incidents }),
      ];
      // Metrics are many and only the present ones matter, so they are taken where they pass anyway.
      parts.fanOut.onBatch = ({ state, batch }) => {
        if (metricPatterns.some((pattern) => pattern.matches(state.lane.topic))) evaluator?.apply(batch);
      };
      schedules.start();
    },
    async stop() {
      parts.fanOut.onBatch = () => undefined;
      await schedules.stop();
      await outbox.stop();
      await Promise.all(ends.map((end) => end()));
    },
  };
}

function schedulesOf(
  roles: Roles,
  table: readonly (readonly [whose: readonly Role[], schedule: Schedule | undefined])[],
): readonly Schedule[] {
  return table.flatMap(([whose, schedule]) => {
    return schedule !== undefined && whose.some((role) => roles.has(role)) ? [schedule] : [];
  });
}
