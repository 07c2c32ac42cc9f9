import type { Clock, IdSource, LaneGroups, Log, Metrics } from '@distributary/distribution-core';

/** What holds the events of a service, whichever it is. */
export interface Broker {
  readonly kind: 'embedded' | 'kafka' | 'pulsar';
  readonly log: Log;
  /** Where the broker has machinery by which processes share lanes. */
  readonly groups?: LaneGroups;
}

export interface BrokerSurroundings<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
}
