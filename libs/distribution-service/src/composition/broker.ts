import type { Clock, CompetingSource, IdSource, LaneGroups, Log, Metrics } from '@distributary/distribution-core';

/** What holds the events of a service, whichever it is. */
export interface Broker {
  readonly kind: 'embedded' | 'kafka' | 'pulsar';
  readonly log: Log;
  /** Where the broker has machinery by which processes share lanes. */
  readonly groups?: LaneGroups;
  /** Where the broker spreads the events of shared subscriptions over processes by itself. */
  readonly competing?: CompetingSource;
  /** Rejects if it cannot be relied on, beyond that it answers: it forgets sooner than topics promise. */
  check?(): Promise<void>;
}

export interface BrokerSurroundings<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
}
