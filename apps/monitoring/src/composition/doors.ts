import { activeAlertsQuerySchema, monitoringDistributionMessage } from '@distributary/contracts';
import type { Metrics } from '@distributary/distribution-core';
import { type CachedReads, type Logger, parseWith } from '@distributary/distribution-nest';
import { type Features, GrpcCalls, type Parts } from '@distributary/distribution-service';
import { AlertsController } from '../alerts/alerts.controller.js';
import { AlertsService } from '../alerts/alerts.service.js';
import { EventsController } from '../events/events.controller.js';
import { HistoryController } from '../events/history.controller.js';
import { HealthSummaryController } from '../health-summary/health-summary.controller.js';
import { HealthSummaryService } from '../health-summary/health-summary.service.js';
import { ADAPTER_BODIES, IngestAdaptersModule } from '../ingest-adapters/ingest-adapters.module.js';
import { LatestMetricsController } from '../metrics/metrics.controller.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { MONITORING_GRPC } from '../stream/grpc-contract.js';
import { RequestsGrpc } from '../stream/requests.grpc.js';
import { StreamController } from '../stream/stream.controller.js';
import { StreamGateway } from '../stream/stream.gateway.js';
import { StreamGrpc } from '../stream/stream.grpc.js';

/** What answers at the doors. */
export interface Answering {
  readonly alerts: AlertsService;
  readonly metrics: MetricsService;
  readonly healthSummary: HealthSummaryService;
}

export interface DoorSurroundings {
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** As docs/architecture.md says: no answer is older than this. */
const FIGURES_TTL_MS = 500;
const SUMMARY_TTL_MS = 1_000;
const NOTHING_TTL_MS = 250;

/** The doors that this service has beside those of all services. */
export function doorsOf(
  parts: Parts,
  answering: Answering,
  { metrics, logger }: DoorSurroundings,
): Omit<Features, 'start' | 'stop'> {
  return {
    doors: {
      api: [
        AlertsController,
        EventsController,
        HistoryController,
        HealthSummaryController,
        LatestMetricsController,
        RequestsGrpc,
      ],
      gateway: [StreamController, StreamGrpc],
    },
    gateways: [StreamGateway],
    modules: [IngestAdaptersModule.of({ events: parts.events, metrics, logger })],
    providers: [
      { provide: AlertsService, useValue: answering.alerts },
      { provide: MetricsService, useValue: answering.metrics },
      { provide: HealthSummaryService, useValue: answering.healthSummary },
      {
        provide: GrpcCalls,
        useValue: new GrpcCalls(parts, {
          contract: MONITORING_GRPC,
          typedMethod: 'StreamMonitoring',
          eventOf: monitoringDistributionMessage,
        }),
      },
    ],
    bodies: ADAPTER_BODIES,
    addReads: (reads) => addReads(reads, answering),
    preloaded: ['health.summary', 'alerts.active'],
  };
}

function addReads(reads: CachedReads, { metrics, alerts, healthSummary }: Answering): void {
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
    load: (_request, principal) => healthSummary.summary(principal),
  });
}
