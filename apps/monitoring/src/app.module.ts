import {
  ASYNC_API,
  AsyncApiController,
  HealthController,
  HealthService,
  LOGGER,
  type Logger,
  METRICS_REGISTRY,
  MetricsController,
  OperatorGuard,
  ProblemFilter,
  type Roles,
  SseDoor,
  SubscriptionsService,
  WebSocketDoor,
} from '@distributary/distribution-nest';
import { TopicDirectory } from '@distributary/distribution-core';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { Registry } from 'prom-client';
import { AlertsController } from './alerts/alerts.controller.js';
import { AlertsService } from './alerts/alerts.service.js';
import type { Features } from './composition/features.js';
import type { Parts } from './composition/parts.js';
import { EventsController } from './events/events.controller.js';
import { EventsService } from './events/events.service.js';
import { HistoryController } from './events/history.controller.js';
import { HistoryService } from './events/history.service.js';
import { HealthSummaryController } from './health-summary/health-summary.controller.js';
import { HealthSummaryService } from './health-summary/health-summary.service.js';
import { LatestMetricsController } from './metrics/metrics.controller.js';
import { MetricsService } from './metrics/metrics.service.js';
import { monitoringAsyncApi } from './stream/async-api-text.js';
import { StreamController } from './stream/stream.controller.js';
import { MonitoringCalls } from './stream/monitoring-calls.js';
import { StreamGateway } from './stream/stream.gateway.js';
import { RequestsGrpc } from './stream/requests.grpc.js';
import { StreamGrpc } from './stream/stream.grpc.js';

export interface AppParts extends Parts {
  readonly roles: Roles;
  readonly features: Features;
  readonly waysIn: DynamicModule;
  readonly administration: DynamicModule;
  readonly health: HealthService;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** Every process says how it is. */
const ALWAYS = [HealthController, MetricsController];

/** The doors of each role: those of a role that a process does not have are not there, for callers and documents alike. */
const DOORS_OF_API = [
  AlertsController,
  EventsController,
  HistoryController,
  HealthSummaryController,
  LatestMetricsController,
  RequestsGrpc,
];
const DOORS_OF_GATEWAY = [AsyncApiController, StreamController, StreamGrpc];

/** The map of the app: what is made outside, and the doors that Nest opens to it. */
@Module({})
export class AppModule {
  static of(parts: AppParts): DynamicModule {
    const [isApi, isGateway] = [parts.roles.has('api'), parts.roles.has('gateway')];
    return {
      module: AppModule,
      imports: isApi ? [parts.waysIn, parts.administration] : [],
      controllers: [...ALWAYS, ...(isApi ? DOORS_OF_API : []), ...(isGateway ? DOORS_OF_GATEWAY : [])],
      providers: [
        ...(isGateway ? [StreamGateway] : []),
        { provide: ASYNC_API, useValue: monitoringAsyncApi() },
        { provide: EventsService, useValue: parts.features.events },
        { provide: HistoryService, useValue: parts.features.history },
        { provide: AlertsService, useValue: parts.features.alerts },
        { provide: MetricsService, useValue: parts.features.metrics },
        { provide: HealthSummaryService, useValue: parts.features.healthSummary },
        { provide: SubscriptionsService, useValue: parts.management.subscriptions },
        { provide: MonitoringCalls, useValue: new MonitoringCalls(parts.sessions, parts.publishCalls) },
        { provide: TopicDirectory, useValue: parts.directory },
        { provide: WebSocketDoor, useValue: parts.webSocketDoor },
        { provide: SseDoor, useValue: parts.sseDoor },
        { provide: HealthService, useValue: parts.health },
        { provide: METRICS_REGISTRY, useValue: parts.registry },
        { provide: LOGGER, useValue: parts.logger },
        { provide: APP_GUARD, useValue: new OperatorGuard() },
        { provide: APP_FILTER, useValue: new ProblemFilter(parts.logger) },
      ],
    };
  }
}
