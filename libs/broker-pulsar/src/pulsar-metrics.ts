import { type Metrics, RemoteLogMetrics } from '@distributary/distribution-core';

/** The figures of one Pulsar log. */
export class PulsarMetrics extends RemoteLogMetrics {
  private readonly oversize;
  private readonly stalls;

  constructor(metrics: Metrics) {
    super(metrics, { broker: 'pulsar' });
    this.oversize = metrics.counter(
      'broker_oversize_messages_total',
      'Messages of others, larger than a frame that is taken, that were passed over',
      this.labels,
    );
    this.stalls = metrics.counter(
      'broker_consumer_stalls_total',
      'Looks at which a shared subscription stood still on a lane of others, at a message that was not found or cannot be read',
      this.labels,
    );
  }

  stalled(): void {
    this.stalls.add();
  }

  passedOversize(): void {
    this.oversize.add();
  }
}
