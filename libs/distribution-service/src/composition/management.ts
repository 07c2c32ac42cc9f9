import {
  type CompetingSource,
  deadLetterTopicName,
  type FanOut,
  IdempotentCalls,
  LiveReaders,
  type Log,
  type PerformanceStatistics,
  SelectionPlaces,
  SubscriptionAdmin,
  SubscriptionHealthCheck,
  type TopicDirectory,
  type Transformations,
  WINDOWS,
} from '@distributary/distribution-core';
import { type SubscriptionAnalytics, SubscriptionsService } from '@distributary/distribution-nest';
import type { Surroundings } from './parts.js';
import type { Storage } from './storage.js';

/** What durable subscriptions are administered by, and where their readers of this process are found. */
export interface Management {
  readonly live: LiveReaders;
  readonly health: SubscriptionHealthCheck;
  readonly subscriptions: SubscriptionsService;
  readonly idempotency: IdempotentCalls;
  readonly statistics: PerformanceStatistics;
}

export interface ManagementParts {
  readonly log: Log;
  readonly storage: Storage;
  readonly directory: TopicDirectory;
  readonly fanOut: FanOut;
  readonly transformations: Transformations;
  readonly competing: CompetingSource | undefined;
}

export function createManagement(around: Surroundings, parts: ManagementParts): Management {
  const { config, clock, ids, logger, telemetry, domain } = around;
  const { log, storage, directory, fanOut, transformations, competing } = parts;
  const { subscriptions, cursors } = storage;
  const live = new LiveReaders({
    subscriptions,
    clock,
    onError: (error) => logger.warn('subscriptions.refresh_failed', { error }),
  });
  live.start();
  const places = new SelectionPlaces({ log, topics: directory });
  const limits = { lagMs: config.SUBSCRIPTION_LAG_ALERT_MS, noAckMs: config.SUBSCRIPTION_NO_ACK_ALERT_MS };
  const health = new SubscriptionHealthCheck({ cursors, log, places, live, clock, limits });
  const analyticsOf = (subscriptionId: string): SubscriptionAnalytics => {
    const report = live.find(subscriptionId)?.report();
    const feed = fanOut.feedStatistics().find((one) => one.feed === report?.feed);
    return {
      windows: WINDOWS.map((window) => telemetry.statistics.feed(report?.feed ?? -1, window)),
      selectivity: feed === undefined || feed.examined === 0 ? undefined : feed.matched / feed.examined,
      redeliveries: report?.redeliveries ?? 0,
    };
  };
  const refreshCatalog = () => directory.refresh();
  const service = new SubscriptionsService({
    subscriptions: new SubscriptionAdmin({
      subscriptions,
      cursors,
      places,
      refreshCatalog,
      live,
      clock,
      ids,
      competing,
      deadLetterTopicOf: (tenant) => deadLetterTopicName(domain.name, tenant),
    }),
    health,
    analyticsOf,
    clock,
    vocabulary: domain.vocabulary,
    transformations,
  });
  const idempotency = new IdempotentCalls({
    store: storage.idempotency,
    clock,
    ids,
    onUnkept: (error) => logger.warn('idempotency.not_kept', { error }),
  });
  return { live, health, subscriptions: service, idempotency, statistics: telemetry.statistics };
}
