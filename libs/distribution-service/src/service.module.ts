import {
  ASYNC_API,
  AsyncApiController,
  HealthController,
  HealthService,
  LOGGER,
  type Logger,
  METRICS_REGISTRY,
  MetricsController,
  KnownQueryGuard,
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
import type { Parts } from './composition/parts.js';
import type { Domain, Features } from './domain.js';
import { EventsService } from './publishing/events.service.js';
import { HistoryService } from './publishing/history.service.js';

export interface ServiceParts extends Parts {
  readonly domain: Pick<Domain, 'asyncApi' | 'vocabulary'>;
  readonly roles: Roles;
  readonly features: Features;
  readonly administration: DynamicModule;
  readonly health: HealthService;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** Every process says how it is. */
const ALWAYS = [HealthController, MetricsController];

/** The map of a service: what is made outside, and the doors that Nest opens to it. */
@Module({})
export class ServiceModule {
  static of(parts: ServiceParts): DynamicModule {
    const { roles, features } = parts;
    const [isApi, isGateway] = [roles.has('api'), roles.has('gateway')];
    return {
      module: ServiceModule,
      imports: isApi ? [...features.modules, parts.administration] : [],
      controllers: [
        ...ALWAYS,
        ...(isApi ? features.doors.api : []),
        ...(isGateway ? [AsyncApiController, ...features.doors.gateway] : []),
      ],
      providers: [
        ...(isGateway ? features.gateways : []),
        ...features.providers,
        { provide: ASYNC_API, useValue: parts.domain.asyncApi() },
        { provide: EventsService, useValue: parts.events },
        { provide: HistoryService, useValue: parts.history },
        { provide: SubscriptionsService, useValue: parts.management.subscriptions },
        { provide: TopicDirectory, useValue: parts.directory },
        { provide: WebSocketDoor, useValue: parts.webSocketDoor },
        { provide: SseDoor, useValue: parts.sseDoor },
        { provide: HealthService, useValue: parts.health },
        { provide: METRICS_REGISTRY, useValue: parts.registry },
        { provide: LOGGER, useValue: parts.logger },
        { provide: APP_GUARD, useValue: new OperatorGuard() },
        { provide: APP_GUARD, useValue: new KnownQueryGuard(parts.domain.vocabulary) },
        { provide: APP_FILTER, useValue: new ProblemFilter(parts.logger) },
      ],
    };
  }
}
