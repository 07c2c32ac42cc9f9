import { tenantOf } from '@distributary/distribution-core';
import {
  Duties,
  type Features,
  type FeatureSurroundings,
  type Parts,
  Schedules,
} from '@distributary/distribution-service';
import type { MarketDataConfig } from '../config/market-data.config.js';
import { DemoFeed } from '../demo/demo-feed.js';
import { LatestTicks } from '../latest/latest-ticks.js';
import { LatestService } from '../latest/latest.service.js';
import { openCaching } from './cache.js';
import { doorsOf } from './doors.js';
import { openHistory } from './history.js';
import { openManners } from './manners.js';
import { openReceipts } from './receipts.js';
import { openStatistics } from './statistics.js';

/** What the service makes of what passes through it. */
export function createFeatures(parts: Parts, around: FeatureSurroundings<MarketDataConfig>): Features {
  const { config, roles, clock, ids, metrics, logger } = around;
  const ticks = new LatestTicks(clock, metrics);
  ticks.isThere = ({ name, catalogVersion }) => parts.directory.find(name)?.catalogVersion === catalogVersion;
  if (roles.has('api')) {
    parts.fanOut.onBatch = ({ state, batch, skip }) => {
      ticks.apply(batch, state.topic, tenantOf(state.topic.name), skip);
    };
  }
  const statistics = openStatistics(parts, { config, roles, clock, metrics, logger });
  const duties = new Duties(parts.storage, { config, clock, ids, metrics, logger });
  const history = openHistory(parts, around, duties);
  const caching = openCaching(parts, around, ticks, duties);
  const ticksPerSecond = config.DEMO_TICKS_PER_SECOND;
  const showing = roles.has('worker') && ticksPerSecond > 0 ? duties.add('demo-feed') : undefined;
  const manners = roles.has('worker') ? openManners(parts, duties, { clock, metrics, logger }) : undefined;
  const schedules = new Schedules([
    ...(showing === undefined
      ? []
      : [new DemoFeed(parts.publisher, clock, ids, { ticksPerSecond, speaks: () => showing.isHeld }, logger)]),
    ...(manners === undefined ? [] : [manners]),
    statistics,
    openReceipts(parts, around),
    ...(caching === undefined ? [] : [caching.schedule]),
  ]);
  return {
    ...doorsOf(parts, {
      latest: new LatestService(ticks, caching?.latest),
      bars: history.bars,
      streams: history.streams,
    }),
    ...(caching !== undefined && { topicFigures: caching.topicFigures }),
    start() {
      schedules.start();
      duties.start();
    },
    async stop() {
      parts.fanOut.onBatch = () => undefined;
      await schedules.stop();
      await duties.stop();
      await history.close();
      await caching?.close();
    },
  };
}
