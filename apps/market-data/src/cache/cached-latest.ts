import { UNKNOWN_SOURCE } from '@distributary/contracts';
import { tenantOf, unqualified } from '@distributary/distribution-core';
import { storedEventOf } from '../events/stored-event.js';
import type { LatestTicks } from '../latest/latest-ticks.js';
import type { CachedLatest } from './distribution-cache.js';

/** By a key of the cache, a symbol as a tenant's; undefined if nothing is known of it any more. */
export function cachedLatestOf(ticks: LatestTicks, key: string): CachedLatest | undefined {
  const newest = ticks.newestOf(tenantOf(key), unqualified(key));
  const event = newest === undefined ? undefined : storedEventOf(newest.record.value);
  if (newest === undefined || event === undefined) return undefined;
  return {
    ...event.data,
    symbol: unqualified(key),
    timestamp: event.data.timestamp ?? event.timestamp,
    data_type: event.data_type,
    source: event.metadata.source ?? UNKNOWN_SOURCE,
    topic: unqualified(newest.topic),
  };
}
