import os from 'node:os';
import { TopicStatistics } from '@distributary/distribution-core';
import type { TopicFigures } from '@distributary/distribution-nest';
import {
  type Duties,
  type FeatureSurroundings,
  type Parts,
  RepeatingTask,
  type Schedule,
  Schedules,
} from '@distributary/distribution-service';
import { BackpressureWriter } from '../cache/backpressure-writer.js';
import { cachedLatestOf } from '../cache/cached-latest.js';
import { CachedTopicFigures } from '../cache/cached-topic-figures.js';
import { CatalogWriter } from '../cache/catalog-writer.js';
import { type DistributionCache, ofTenant, openDistributionCache } from '../cache/distribution-cache.js';
import { LatestWriter } from '../cache/latest-writer.js';
import type { MarketDataConfig } from '../config/market-data.config.js';
import type { LatestTicks } from '../latest/latest-ticks.js';

export interface CacheParts {
  readonly latest: DistributionCache['latest'];
  readonly topicFigures: (own: TopicFigures) => TopicFigures;
  readonly schedule: Schedule;
  /** After the schedule and the duties have stopped. */
  close(): Promise<void>;
}

const CATALOG_EVERY_MS = 10_000;
const BACKPRESSURE_EVERY_MS = 3_000;

/**
 * What the specification has in Redis, if there is one. One process of the role `api` writes what all of them know, each gateway
 * what only it knows; nothing of it is waited for where events pass.
 */
export function openCaching(
  parts: Parts,
  around: FeatureSurroundings<MarketDataConfig>,
  ticks: LatestTicks,
  duties: Duties,
): CacheParts | undefined {
  const { config, roles, clock, ids, metrics, logger } = around;
  if (config.REDIS_URL === undefined) return undefined;
  const cache = openDistributionCache({ config, clock, ids, metrics });
  const schedules: Schedule[] = [];
  if (roles.has('api')) {
    const duty = duties.add('distribution-cache', { onLost: () => catalog.letGo() });
    const latest = new LatestWriter({
      latest: cache.latest,
      valueOf: (key) => cachedLatestOf(ticks, key),
      clock,
      metrics,
    });
    ticks.onChanged = (tenant, symbol) => {
      if (duty.isHeld) latest.changed(ofTenant(tenant, symbol));
    };
    const statistics = new TopicStatistics({ log: parts.log, clock, fanOut: parts.fanOut });
    const own: TopicFigures = {
      of: async (topic) => ({ lanes: await statistics.of(topic), atMicros: clock.nowMicros() }),
    };
    const catalog = new CatalogWriter({
      cache,
      figures: new CachedTopicFigures(own, cache.topicStats, clock),
      topics: () => parts.directory.list(),
      subscriptions: parts.storage.subscriptions,
      rules: parts.storage.routingRules,
      clock,
      metrics,
    });
    const step = () => (duty.isHeld ? catalog.step() : undefined);
    const writing = new RepeatingTask('distribution-cache', CATALOG_EVERY_MS, clock, step, logger);
    schedules.push(latest, {
      start: () => writing.start(),
      stop: () => {
        catalog.letGo();
        return writing.stop();
      },
    });
  }
  if (roles.has('gateway')) {
    const pressure = new BackpressureWriter({
      cache,
      pressures: (maxLanes) => parts.fanOut.lanePressures(maxLanes),
      process: config.PROCESS_NAME ?? os.hostname().slice(0, 100),
    });
    schedules.push(new RepeatingTask('backpressure', BACKPRESSURE_EVERY_MS, clock, () => pressure.step(), logger));
  }
  return {
    latest: cache.latest,
    topicFigures: (figures) => new CachedTopicFigures(figures, cache.topicStats, clock),
    schedule: new Schedules(schedules),
    close: () => cache.close(),
  };
}
