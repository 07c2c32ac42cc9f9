import type { Metrics } from '@distributary/distribution-core';

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** The figures of one Pulsar log; instruments are asked for once. */
export class PulsarMetrics {
  private readonly events;
  private readonly bytes;
  private readonly flush;
  private readonly late;
  private readonly flying;
  private readonly reads;
  private readonly oversize;
  private readonly again;

  constructor(metrics: Metrics) {
    const labels = { broker: 'pulsar' };
    this.events = metrics.counter('broker_appended_events_total', 'Events appended to the log', labels);
    this.bytes = metrics.counter('broker_appended_bytes_total', 'Bytes of records appended to the log', labels);
    this.flush = metrics.histogram(
      'broker_flush_seconds',
      'Time from sending the first event of an append until Pulsar has confirmed the last',
      SECONDS,
      labels,
    );
    this.late = metrics.counter(
      'broker_append_timeouts_total',
      'Appends that were told broker.unavailable, since the broker had not confirmed them in time',
      labels,
    );
    this.flying = metrics.gauge('broker_in_flight_bytes', 'Bytes given to append and not yet acknowledged', labels);
    this.reads = metrics.counter('broker_read_events_total', 'Events read from the log', labels);
    this.oversize = metrics.counter(
      'broker_oversize_messages_total',
      'Messages of others, larger than a frame that is taken, that a reader went past',
      labels,
    );
    this.again = metrics.counter('broker_retries_total', 'Requests that were sent again after a failure', labels);
  }

  appended(events: number, bytes: number): void {
    this.events.add(events);
    this.bytes.add(bytes);
  }

  flushed(ms: number): void {
    this.flush.observe(ms / 1000);
  }

  appendTimedOut(): void {
    this.late.add();
  }

  inFlight(bytes: number): void {
    this.flying.set(bytes);
  }

  read(events: number): void {
    this.reads.add(events);
  }

  passedOversize(): void {
    this.oversize.add();
  }

  retried(): void {
    this.again.add();
  }
}
