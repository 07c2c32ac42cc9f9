import { UNKNOWN_SOURCE } from '@distributary/contracts';
import { tenantOf, unqualified } from '@distributary/distribution-core';
import type { LatestTicks } from '../latest/latest-ticks.js';
import { newestEventOf } from '../latest/newest-event.js';
import type { CachedLatest } from './distribution-cache.js';

/** By a key of the cache, a symbol as a tenant's; undefined if nothing is known of it any more. */
export function cachedLatestOf(ticks: LatestTicks, key: string): CachedLatest | undefined {
  const newest = newestEventOf(ticks, tenantOf(key), unqualified(key));
  if (newest === undefined) return undefined;
  const { tick, event } = newest;
  return {
    ...event.data,
    symbol: unqualified(key),
    timestamp: event.data.timestamp ?? event.timestamp,
    data_type: event.data_type,
    source: event.metadata.source ?? UNKNOWN_SOURCE,
    topic: unqualified(tick.topic.name),
    topic_version: tick.topic.catalogVersion,
  };
}
