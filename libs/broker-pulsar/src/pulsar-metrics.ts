import { type Metrics, RemoteLogMetrics } from '@distributary/distribution-core';

/** The figures of one Pulsar log. */
export class PulsarMetrics extends RemoteLogMetrics {
  private readonly oversize;

  constructor(metrics: Metrics) {
    super(metrics, { broker: 'pulsar' });
    this.oversize = metrics.counter(
      'broker_oversize_messages_total',
      'Messages of others, larger than a frame that is taken, that were passed over',
      this.labels,
    );
  }

  passedOversize(): void {
    this.oversize.add();
  }
}
