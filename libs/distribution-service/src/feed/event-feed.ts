import type { EventBatch } from '@distributary/distribution-core';

/** Keeps state that it builds from events. Called from one turn of the loop at a time; must not throw. */
export interface FeedConsumer {
  /** Batches of one lane come in its order; those of different lanes in any. `topic`: the catalog's name. */
  apply(batch: EventBatch, topic: string): void;
  /** Called once: everything that the log held when the subscription began has been applied. */
  ready(): void;
}

export interface FeedRequest {
  /** Patterns over topics: `+` one level, `#` the rest. */
  readonly patterns: readonly string[];
  /** `earliest`: all that is kept comes first, so that state survives a restart. */
  readonly start: 'earliest' | 'latest';
  /** The same topics of every tenant, as each names them; else those of the default tenant. */
  readonly allTenants?: boolean;
  readonly consumer: FeedConsumer;
}

/** Events for the parts of this service, of topics that appear later, too. Resumes by itself after failures of the broker; skips nothing. */
export interface EventFeed {
  /** The returned function ends it; after it resolves, the consumer is not called any more. */
  subscribe(request: FeedRequest): () => Promise<void>;
}
