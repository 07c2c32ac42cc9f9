import { LogMetrics, type Metrics } from '@distributary/distribution-core';

/** The figures of one embedded log. */
export class EmbeddedMetrics extends LogMetrics {
  private readonly deletions;

  constructor(metrics: Metrics) {
    super(metrics, { broker: 'embedded' });
    this.deletions = metrics.counter(
      'broker_retention_deleted_events_total',
      'Events that retention removed',
      this.labels,
    );
  }

  deleted(events: number): void {
    this.deletions.add(events);
  }
}
