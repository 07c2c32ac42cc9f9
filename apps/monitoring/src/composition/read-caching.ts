import { activeAlertsQuerySchema } from '@distributary/contracts';
import { type Clock, type IdSource, LOCAL_PRINCIPAL, type Metrics, ReadCache } from '@distributary/distribution-core';
import {
  adminArea,
  argumentOf,
  CachedReads,
  CacheStatsController,
  parseWith,
  PerformanceService,
  ReadCacheInterceptor,
  TopicsService,
} from '@distributary/distribution-nest';
import { openCache } from '@distributary/persistence';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { AlertsService } from '../alerts/alerts.service.js';
import type { MonitoringConfig } from '../config/monitoring.config.js';
import { HealthSummaryService } from '../health-summary/health-summary.service.js';
import { MetricsService } from '../metrics/metrics.service.js';

export interface ReadCachingSurroundings {
  readonly config: MonitoringConfig;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
}

export interface ReadCaching {
  readonly interceptor: ReadCacheInterceptor;
  readonly areas: readonly DynamicModule[];
  /** The services are asked for what is not there. */
  connect(app: INestApplicationContext): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** As docs/architecture.md says: no answer is older than this. */
const FIGURES_TTL_MS = 500;
const SUMMARY_TTL_MS = 1_000;
const STATISTICS_TTL_MS = 2_000;
const NOTHING_TTL_MS = 250;
const PRELOAD_EVERY_MS = 1_000;

/** What everybody looks at first. */
const ALWAYS = ['health.summary', 'alerts.active'].map(
  (kind) => `${kind}:${argumentOf({ ...LOCAL_PRINCIPAL, params: {}, query: {} })}`,
);

export function openReadCaching({ config, clock, ids, metrics }: ReadCachingSurroundings): ReadCaching {
  const cache = openCache({ config, clock, ids, service: 'monitoring', nearTtlMs: STATISTICS_TTL_MS });
  const reads = new CachedReads(new ReadCache({ cache, clock, metrics, prefix: 'monitoring:' }));
  return {
    interceptor: new ReadCacheInterceptor(reads),
    areas: [adminArea('CacheStats', [CacheStatsController], [[CachedReads, reads]])],
    connect: (app) => addReads(reads, app),
    start: () => reads.cache.start(PRELOAD_EVERY_MS, ALWAYS),
    stop: () => reads.cache.stop(),
  };
}

function addReads(reads: CachedReads, app: INestApplicationContext): void {
  const [metrics, alerts, health] = [app.get(MetricsService), app.get(AlertsService), app.get(HealthSummaryService)];
  const topics = app.get(TopicsService, { strict: false });
  const performance = app.get(PerformanceService, { strict: false });
  reads.add({
    kind: 'metrics.latest',
    ttlMs: FIGURES_TTL_MS,
    negativeTtlMs: NOTHING_TTL_MS,
    negativeCodes: ['service.not_found'],
    load: ({ params }, principal) => metrics.latestOf(params.service_name, principal),
  });
  reads.add({
    kind: 'alerts.active',
    ttlMs: FIGURES_TTL_MS,
    load: ({ query }, principal) => alerts.active(parseWith(activeAlertsQuerySchema, query), principal),
  });
  reads.add({
    kind: 'health.summary',
    ttlMs: SUMMARY_TTL_MS,
    load: (_request, principal) => health.summary(principal),
  });
  reads.add({
    kind: 'topics.stats',
    ttlMs: STATISTICS_TTL_MS,
    negativeTtlMs: NOTHING_TTL_MS,
    negativeCodes: ['topic.not_found'],
    load: ({ params }, principal) => topics.stats(principal, params.name),
  });
  reads.add({
    kind: 'stats.topics',
    ttlMs: STATISTICS_TTL_MS,
    load: ({ query }, principal) => performance.topics(principal, query),
  });
}
