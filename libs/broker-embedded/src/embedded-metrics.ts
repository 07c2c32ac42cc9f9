import type { Metrics } from '@distributary/distribution-core';

const FLUSH_BUCKETS_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** The figures of one embedded log; instruments are asked for once. */
export class EmbeddedMetrics {
  private readonly events;
  private readonly bytes;
  private readonly flush;
  private readonly flying;
  private readonly reads;
  private readonly deletions;

  constructor(metrics: Metrics) {
    const labels = { broker: 'embedded' };
    this.events = metrics.counter('broker_appended_events_total', 'Events appended to the log', labels);
    this.bytes = metrics.counter('broker_appended_bytes_total', 'Bytes of records appended to the log', labels);
    this.flush = metrics.histogram(
      'broker_flush_seconds',
      'Time from asking for the write lock until the group is durable',
      FLUSH_BUCKETS_SECONDS,
      labels,
    );
    this.flying = metrics.gauge('broker_in_flight_bytes', 'Bytes given to append and not yet acknowledged', labels);
    this.reads = metrics.counter('broker_read_events_total', 'Events read from the log', labels);
    this.deletions = metrics.counter('broker_retention_deleted_events_total', 'Events that retention removed', labels);
  }

  appended(events: number, bytes: number): void {
    this.events.add(events);
    this.bytes.add(bytes);
  }

  flushed(ms: number): void {
    this.flush.observe(ms / 1000);
  }

  inFlight(bytes: number): void {
    this.flying.set(bytes);
  }

  read(events: number): void {
    this.reads.add(events);
  }

  deleted(events: number): void {
    this.deletions.add(events);
  }
}
