import type { StreamSessionLimits, SubscriptionStore, TopicCatalog } from '@distributary/distribution-core';
import type { WatchedCursors } from './simulated-stores.js';

/** The stores that all processes of a world share. */
export interface Stores {
  readonly cursors: WatchedCursors;
  readonly subscriptions: SubscriptionStore;
  readonly catalog: TopicCatalog;
}

/** How the processes of one schedule are set up: small, so that every bound is met. */
export interface Tuning {
  readonly segmentBytes: number;
  readonly rewindMs: number;
  readonly lingerMs: number;
  readonly dropOldestKeeps: number;
  readonly dedupeWindowMs: number;
  readonly sessions: StreamSessionLimits;
}
