import { type Clock, type IdSource, Retrying as CoreRetrying } from '@distributary/distribution-core';
import { KafkaError } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';

/** Requests to Kafka are sent again when its answer may be another one in a while. */
export class Retrying extends CoreRetrying {
  constructor(clock: Clock, ids: IdSource, metrics: KafkaMetrics, closed: AbortSignal) {
    super({
      clock,
      ids,
      closed,
      isTransient: (error) => error instanceof KafkaError && error.isTransient,
      onRetry: () => metrics.retried(),
      closedMessage: 'the Kafka log is closed',
    });
  }
}
