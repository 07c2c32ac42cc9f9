import {
  type Clock,
  type DailyDeliveryStore,
  type Metrics,
  type ServedTopic,
  ServiceLevelRecorder,
} from '@distributary/distribution-core';
import {
  adminArea,
  AnalyticsController,
  CallStatistics,
  gaugeReader,
  type Logger,
  PerformanceController,
  type PerformanceConfig,
  PerformanceService,
  registerPerformanceMetrics,
  ResourceMonitor,
  type Roles,
  SlaController,
  SlaService,
  SystemClock,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { Registry } from 'prom-client';
import type { Parts } from './parts.js';
import type { Telemetry } from './telemetry.js';

/** How the process performed in the last minute. */
export interface PerformanceSample {
  /** 0 if nothing was delivered: nothing was late. */
  readonly latencyP99Ms: number;
  /** 1 if nothing was due. */
  readonly successRatio: number;
  readonly serverErrorRatio: number;
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** Of the subscription that is furthest behind. */
  readonly lagEvents: number;
  readonly heapUsedRatio: number;
}

export interface ObservabilitySurroundings {
  readonly config: PerformanceConfig;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly deliveries: DailyDeliveryStore;
  readonly roles: Roles;
}

/** What the service shows and keeps of what it measures of itself. */
export interface Observability {
  /** For the administration. */
  readonly areas: readonly DynamicModule[];
  /** For the alert rules. */
  sample(): PerformanceSample;
  start(): void;
  /** What is not kept yet is written. */
  stop(): Promise<void>;
}

export function openObservability(parts: Parts, around: ObservabilitySurroundings): Observability {
  const { config, clock, registry, metrics, logger, telemetry, deliveries: store } = around;
  const { statistics, calls } = telemetry;
  const { fanOut, directory } = parts;
  const resources = new ResourceMonitor(clock, metrics);
  const gauge = gaugeReader(registry);
  const performance = new PerformanceService({ statistics, fanOut, directory, resources, gauge, clock });
  registerPerformanceMetrics(registry, { statistics, resources, subscriptions: () => fanOut.subscriptionStates() });
  const recorder = new ServiceLevelRecorder(
    {
      statistics,
      store,
      topics: () => servedTopics(parts),
      clock,
      metrics,
      onError: (error) => logger.warn('sla.write_failed', { error }),
    },
    { writeEveryMs: config.SLA_WRITE_INTERVAL_MS, retentionDays: config.SLA_RETENTION_DAYS },
  );
  return {
    areas: [
      adminArea('Performance', [PerformanceController], [[PerformanceService, performance]]),
      adminArea('ServiceLevels', [SlaController], [[SlaService, new SlaService(store, clock)]]),
      adminArea(
        'Analytics',
        [AnalyticsController],
        [
          [CallStatistics, calls],
          [SystemClock, clock],
        ],
      ),
    ],
    sample: () => sampleOf(parts, telemetry, resources),
    start() {
      resources.start();
      // Levels of service are those of deliveries, and only gateways deliver.
      if (around.roles.has('gateway')) recorder.start();
    },
    async stop() {
      resources.stop();
      await recorder.stop();
    },
  };
}

/** Each topic whose lanes are read here is served unless the broker does not answer for one of them. */
function servedTopics({ fanOut }: Parts): readonly ServedTopic[] {
  const topics = new Map<string, ServedTopic>();
  for (const { topic, isStalled = false } of fanOut.laneStates()) {
    const isServed = !isStalled && topics.get(topic.name)?.isServed !== false;
    topics.set(topic.name, { name: topic.name, tenant: topic.tenant, isServed });
  }
  return [...topics.values()];
}

function sampleOf({ fanOut }: Parts, { statistics, calls }: Telemetry, resources: ResourceMonitor): PerformanceSample {
  const figures = statistics.process('1m');
  const { heapUsedBytes, heapLimitBytes } = resources.read();
  let [called, failed, lagEvents] = [0, 0, 0];
  for (const route of calls.figures('1m', 'route', undefined)) {
    called += route.calls;
    failed += route.serverErrors;
  }
  for (const state of fanOut.subscriptionStates()) lagEvents = Math.max(lagEvents, state.lagEvents ?? 0);
  return {
    latencyP99Ms: figures.latencyMs?.p99 ?? 0,
    successRatio: figures.deliveryRatio ?? 1,
    serverErrorRatio: called === 0 ? 0 : failed / called,
    eventsPerSecond: figures.eventsPerSecond,
    deliveriesPerSecond: figures.deliveriesPerSecond,
    lagEvents,
    heapUsedRatio: heapUsedBytes / heapLimitBytes,
  };
}
