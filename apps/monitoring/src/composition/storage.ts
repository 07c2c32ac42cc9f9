import type { CursorStore, SubscriptionStore, TopicCatalog } from '@distributary/distribution-core';

/** The service's rows, whatever database they are in. */
export interface Storage {
  readonly topics: TopicCatalog;
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  /** Rejects if the database does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
}
