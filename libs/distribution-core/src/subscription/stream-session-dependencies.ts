import type { DeliveryOutcomes } from '../delivery/delivery-outcomes.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore } from '../ports/cursor-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { Log } from '../ports/log.port.js';
import type { Metrics } from '../ports/metrics.port.js';
import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import type { Transformations } from '../transformation/transformations.js';
import type { CompetingSubscriptions } from './competing/competing-subscriptions.js';
import type { DurableLimits } from './durable-claim.js';
import type { Handovers } from './handovers.js';
import type { LiveReaders } from './live-readers.js';
import type { Replays } from './replays.js';

/** The same for all sessions of a process. */
export interface StreamSessionDependencies {
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  readonly competing: CompetingSubscriptions;
  /** Where sessions that receive durable subscriptions are to be found, by those who change them. */
  readonly live?: LiveReaders;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly transformations?: Pick<Transformations, 'outputOf'>;
  readonly metrics?: Metrics;
  /** Who of this process waits for which durable subscription. */
  readonly handovers?: Handovers;
  /** Where what cannot be delivered goes, and comes back from; without it, it is tried for ever. */
  readonly replays?: Replays;
  /** Who is told what becomes of single deliveries. */
  readonly outcomes?: DeliveryOutcomes;
  /** The catalog's version at this moment. */
  readonly catalogVersion: () => number;
  /** Resolves when this process knows what others have done to the catalog; shared by all who ask. `store.unavailable` */
  readonly lookAtCatalog: () => Promise<void>;
  readonly limits: StreamSessionLimits;
}

export interface StreamSessionLimits extends DurableLimits {
  readonly maxSubscriptions: number;
}

export const DEFAULT_STREAM_SESSION_LIMITS: StreamSessionLimits = {
  maxSubscriptions: 100,
  ownershipTermMs: 9_000,
  ackFlushMs: 100,
  ackTimeoutMs: 30_000,
};
