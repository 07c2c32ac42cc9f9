import { type Clock, TopicAdmin, TopicStatistics } from '@distributary/distribution-core';
import {
  adminArea,
  AdminModule,
  DeliveryStatsController,
  DeliveryStatsService,
  type Logger,
  type ServiceAccess,
  SubscriptionsController,
  SubscriptionsGrpc,
  SubscriptionsService,
  type TopicFigures,
  TopicsController,
  TopicsGrpc,
  TopicsService,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { Features } from '../domain.js';
import { apiKeysArea } from './access-areas.js';
import type { Auditing } from './auditing.js';
import type { Observability } from './observability.js';
import type { Parts } from './parts.js';
import type { Quotas } from './quotas.js';
import type { ReadCaching } from './read-caching.js';

export interface AdministrationSurroundings {
  /** Where the resources lie: `api/v1/<name>`. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observability: Observability;
  readonly auditing: Auditing;
  readonly access: ServiceAccess;
  readonly quotas: Quotas;
  readonly readCaching: ReadCaching;
  readonly topicFigures: Features['topicFigures'];
}

/** The administrative resources of this service: each area with its controllers and what they call. */
export function administration(parts: Parts, around: AdministrationSurroundings): DynamicModule {
  return AdminModule.of({
    prefix: around.prefix,
    logger: around.logger,
    idempotency: parts.management.idempotency,
    areas: [
      topicsArea(parts, around),
      subscriptionsArea(parts),
      deliveryStatsArea(parts, around),
      parts.routing.area,
      apiKeysArea(around.access, around.clock),
      ...around.observability.areas,
      ...around.auditing.areas,
      ...around.quotas.areas,
      ...around.readCaching.areas,
      parts.transforming.area,
      parts.guarantees.area,
    ],
  });
}

function deliveryStatsArea(parts: Parts, { clock }: AdministrationSurroundings): DynamicModule {
  const { fanOut, directory, sessions, management } = parts;
  const { statistics } = management;
  const stats = new DeliveryStatsService({ fanOut, directory, statistics, sessionCount: () => sessions.count, clock });
  return adminArea('DeliveryStats', [DeliveryStatsController], [[DeliveryStatsService, stats]]);
}

function subscriptionsArea({ management }: Parts): DynamicModule {
  const controllers = [SubscriptionsController, SubscriptionsGrpc];
  return adminArea('Subscriptions', controllers, [[SubscriptionsService, management.subscriptions]]);
}

function topicsArea(parts: Parts, { clock, topicFigures }: AdministrationSurroundings): DynamicModule {
  const { directory, log, fanOut, storage } = parts;
  const statistics = new TopicStatistics({ log, clock, fanOut });
  const figures: TopicFigures = {
    of: async (topic) => ({ lanes: await statistics.of(topic), atMicros: clock.nowMicros() }),
  };
  const topics = new TopicsService({
    topics: new TopicAdmin({
      directory,
      subscriptions: storage.subscriptions,
      payloadFormats: parts.schemaRegistry.payloadFormats,
    }),
    figures: topicFigures?.(figures) ?? figures,
    log,
  });
  return adminArea('Topics', [TopicsController, TopicsGrpc], [[TopicsService, topics]]);
}
