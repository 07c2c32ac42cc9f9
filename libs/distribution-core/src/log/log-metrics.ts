import type { Metrics } from '../ports/metrics.port.js';

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** The figures that every log has, under the name of its broker; instruments are asked for once. */
export class LogMetrics {
  private readonly events;
  private readonly bytes;
  private readonly flush;
  private readonly flying;
  private readonly reads;

  constructor(
    protected readonly metrics: Metrics,
    protected readonly labels: { readonly broker: string },
  ) {
    this.events = metrics.counter('broker_appended_events_total', 'Events appended to the log', labels);
    this.bytes = metrics.counter('broker_appended_bytes_total', 'Bytes of records appended to the log', labels);
    this.flush = this.seconds(
      'broker_flush_seconds',
      'Time from asking to write a group of records until it is durable',
    );
    this.flying = metrics.gauge('broker_in_flight_bytes', 'Bytes given to append and not yet acknowledged', labels);
    this.reads = metrics.counter('broker_read_events_total', 'Events read from the log', labels);
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

  protected seconds(name: string, help: string) {
    return this.metrics.histogram(name, help, SECONDS, this.labels);
  }
}

/** Of a log whose broker is reached over a network. */
export class RemoteLogMetrics extends LogMetrics {
  private readonly late;
  private readonly again;

  constructor(metrics: Metrics, labels: { readonly broker: string }) {
    super(metrics, labels);
    this.late = metrics.counter(
      'broker_append_timeouts_total',
      'Appends that were told broker.unavailable, since the broker had not confirmed them in time',
      labels,
    );
    this.again = metrics.counter('broker_retries_total', 'Requests that were sent again after a failure', labels);
  }

  appendTimedOut(): void {
    this.late.add();
  }

  retried(): void {
    this.again.add();
  }
}
