import os from 'node:os';
import { compileTopicPattern, DeliveryReceipts, unqualified } from '@distributary/distribution-core';
import type { Role, Roles } from '@distributary/distribution-nest';
import { ActiveAlerts } from '../alerts/active-alerts.js';
import { AlertsService } from '../alerts/alerts.service.js';
import type { MonitoringConfig } from '../config/monitoring.config.js';
import {
  Duties,
  type Features,
  type FeatureSurroundings,
  type FeedConsumer,
  LogEventFeed,
  Outbox,
  type Parts,
  PerTenant,
  READERS,
  type Schedule,
  Schedules,
} from '@distributary/distribution-service';
import { DeadLetterWatch } from '../dead-letters/dead-letter-watch.js';
import { RECEIPTS_TOPIC } from '../events/default-topics.js';
import type { MonitoringPublisher } from '../events/own-publishing.js';
import { ALERT_PATTERNS, INCIDENT_PATTERNS, METRIC_PATTERNS } from '../events/patterns.js';
import { HostProbe } from '../host-probe/host-probe.js';
import { HostReader } from '../host-probe/host-reader.js';
import { ProcessReader } from '../host-probe/process-reader.js';
import { HealthSummaryService } from '../health-summary/health-summary.service.js';
import { OpenIncidents } from '../incidents/open-incidents.js';
import { InfrastructureMonitor } from '../infrastructure/infrastructure-monitor.js';
import { LatestEvents } from '../metrics/latest-events.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { OptimizationPublisher } from '../optimization/optimization-publisher.js';
import { PerformancePublisher } from '../performance/performance-publisher.js';
import { sourceWordOf } from '../performance/source-word.js';
import { ReceiptPublisher } from '../receipts/receipt-publisher.js';
import { SloPublisher } from '../slo/slo-publisher.js';
import { trafficOf } from './distribution-traffic.js';
import { createTelling, type Telling } from './telling.js';
import { SubscriptionHealthWatch } from '../subscriptions/subscription-health-watch.js';
import { doorsOf } from './doors.js';

/** For what is looked at and not told. */
const UNTOLD = { add: () => undefined };

/** Who watches over durable subscriptions. */
const READERS_OF_HEALTH = ['gateway', 'worker'] as const;

/** Of a tenant beside the default one. */
const ALERTS_PER_TENANT = 1_000;

/** What the service watches by itself: this machine, its own deliveries, and what follows from the figures. */
export function createFeatures(
  parts: Parts,
  { config, roles, clock, ids, metrics, logger, dependencies, observability }: FeatureSurroundings<MonitoringConfig>,
): Features {
  const { publisher, log, directory } = parts;
  const outboxOf = (through: MonitoringPublisher) =>
    new Outbox(through, clock, {
      onDiscard: (events, reason, error) => logger.warn('outbox.discarded', { events: events.length, reason, error }),
    });
  const outbox = outboxOf(publisher);
  const sourceWord = sourceWordOf(os.hostname(), config.PROCESS_NAME);
  const feed = new LogEventFeed(log, directory, clock, (error) => logger.error('feed.failed', { error }));
  const activeAlerts = new ActiveAlerts();
  const openIncidents = new OpenIncidents();
  // Of other tenants it is told, and that is all: alerts and incidents of its own it makes for the default tenant.
  const alerts = new PerTenant(activeAlerts, () => new ActiveAlerts(ALERTS_PER_TENANT));
  const incidents = new PerTenant(openIncidents, () => new OpenIncidents(ALERTS_PER_TENANT));
  const duties = new Duties(parts.storage, { config, clock, ids, metrics, logger });
  const watchesUnowned = READERS_OF_HEALTH.some((role) => roles.has(role))
    ? duties.add('subscription-health', { prepare: (signal) => feed.caughtUp(signal) })
    : undefined;
  const hosting = roles.has('worker') ? duties.add(`host-probe/${sourceWordOf(os.hostname(), undefined)}`) : undefined;
  const telling = roles.has('worker')
    ? createTelling({
        duties,
        publisher,
        outboxOf,
        activeAlerts,
        openIncidents,
        config,
        clock,
        metrics,
        caughtUp: (signal) => feed.caughtUp(signal),
        onTaken: () => infrastructure.sayAgain(),
      })
    : undefined;
  const probe = new HostProbe(
    new HostReader(clock, config.DATA_DIR),
    new ProcessReader(clock),
    publisher,
    clock,
    {
      intervalMs: config.PROBE_INTERVAL_MS,
      hostname: os.hostname(),
      processName: config.PROCESS_NAME,
      speaksForHost: () => hosting?.isHeld === true,
    },
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
  const delivered = new DeliveryReceipts((topic) => unqualified(topic) !== RECEIPTS_TOPIC, metrics);
  parts.observe(delivered);
  const receipts = new ReceiptPublisher(
    delivered,
    publisher,
    clock,
    { intervalMs: config.RECEIPT_INTERVAL_MS, processName: config.PROCESS_NAME ?? os.hostname().slice(0, 100) },
    logger,
  );
  const slo = new SloPublisher(parts.statistics, outbox, clock, { sourceWord });
  // Who answers for the health of the service looks for itself; only one worker tells others.
  const infrastructure = new InfrastructureMonitor(dependencies, telling?.outlet ?? UNTOLD, clock);
  const optimization = new OptimizationPublisher({ traffic: () => trafficOf(parts.fanOut) }, outbox, clock, {
    sourceWord,
  });
  const latest = new LatestEvents(parts.fanOut.lastValues);
  const deadLetterWatch = ({ outlet, duty }: Telling) =>
    new DeadLetterWatch({
      store: parts.storage.deadLetters,
      clock,
      metrics,
      retentionMs: parts.guarantees.letterRetentionMs,
      outbox: outlet,
      speaks: () => duty.isHeld,
      log: logger,
    });
  const { management } = parts;
  const subscriptionHealth = new SubscriptionHealthWatch({
    subscriptions: parts.storage.subscriptions,
    health: management.health,
    isLocal: (subscriptionId) => management.live.find(subscriptionId) !== undefined,
    looksAtUnowned: () => watchesUnowned?.isHeld === true,
    alerts: activeAlerts,
    outbox,
    clock,
    log: logger,
    intervalMs: config.SUBSCRIPTION_WATCH_INTERVAL_MS,
  });
  // What a process measures of its own readers it tells itself; the rest is a worker's.
  const schedules = new Schedules(
    schedulesOf(roles, [
      [['worker'], telling?.evaluator],
      [['worker'], probe],
      [['worker'], telling && deadLetterWatch(telling)],
      [['api', 'worker'], infrastructure],
      [['api', 'gateway'], performance],
      [['gateway'], slo],
      [['gateway'], receipts],
      [['gateway'], optimization],
      [READERS_OF_HEALTH, subscriptionHealth],
    ]),
  );
  const metricPatterns = METRIC_PATTERNS.map((pattern) => compileTopicPattern(pattern));
  const heard = (consumer: FeedConsumer): FeedConsumer => ({
    apply: (batch, topic) => {
      consumer.apply(batch, topic);
      telling?.heard(batch, topic);
    },
    ready: () => consumer.ready(),
  });
  let ends: (() => Promise<void>)[] = [];
  return {
    ...doorsOf(
      parts,
      {
        alerts: new AlertsService(alerts),
        metrics: new MetricsService(latest, clock),
        healthSummary: new HealthSummaryService({ alerts, incidents, slo, infrastructure, services: latest }, clock),
      },
      { metrics, logger },
    ),
    start() {
      if (!READERS.some((role) => roles.has(role))) return;
      ends = [
        feed.subscribe({ patterns: ALERT_PATTERNS, start: 'earliest', allTenants: true, consumer: heard(alerts) }),
        feed.subscribe({ patterns: INCIDENT_PATTERNS, start: 'earliest', allTenants: true, consumer: incidents }),
      ];
      // Metrics are many and only the present ones matter, so they are taken where they pass anyway.
      parts.fanOut.onBatch = ({ state, batch }) => {
        if (metricPatterns.some((pattern) => pattern.matches(state.lane.topic))) telling?.evaluator.apply(batch);
      };
      schedules.start();
      duties.start();
    },
    async stop() {
      parts.fanOut.onBatch = () => undefined;
      await schedules.stop();
      await Promise.all([outbox.stop(), telling?.stop()]);
      await duties.stop();
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
