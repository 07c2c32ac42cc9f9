import { tenantOf } from '@distributary/distribution-core';
import type { Features, FeatureSurroundings, Parts } from '@distributary/distribution-service';
import type { MarketDataConfig } from '../config/market-data.config.js';
import { LatestTicks } from '../latest/latest-ticks.js';
import { LatestService } from '../latest/latest.service.js';
import { doorsOf } from './doors.js';

/** What the service makes of what passes through it. */
export function createFeatures(parts: Parts, { roles, metrics }: FeatureSurroundings<MarketDataConfig>): Features {
  const ticks = new LatestTicks(metrics);
  return {
    ...doorsOf(parts, { latest: new LatestService(ticks) }),
    start() {
      if (!roles.has('api')) return;
      parts.fanOut.onBatch = ({ state, batch }) => {
        const { name } = state.topic;
        ticks.apply(batch, name, tenantOf(name));
      };
    },
    stop() {
      parts.fanOut.onBatch = () => undefined;
      return Promise.resolve();
    },
  };
}
