import { LogMetrics, type Metrics } from '@distributary/distribution-core';

/** The figures of one Kafka log. */
export class KafkaMetrics extends LogMetrics {
  private readonly transactions;
  private readonly aborted;
  private readonly abandoned;
  private readonly late;
  private readonly skipped;
  private readonly again;

  constructor(metrics: Metrics) {
    const labels = { broker: 'kafka' };
    super(metrics, labels);
    this.transactions = this.seconds(
      'broker_transaction_seconds',
      'Time from the begin of a transaction until it is decided',
    );
    this.aborted = metrics.counter('broker_transactions_failed_total', 'Transactions that were not committed', labels);
    this.abandoned = metrics.counter(
      'broker_abandoned_transactions_total',
      'Transactions ended here that a process had left open for 5 s',
      labels,
    );
    this.late = metrics.counter(
      'broker_append_timeouts_total',
      'Appends that were told broker.unavailable, since the broker had not confirmed them in time',
      labels,
    );
    this.skipped = metrics.counter('broker_aborted_events_total', 'Events of aborted transactions, not read', labels);
    this.again = metrics.counter('broker_retries_total', 'Requests that were sent again after a failure', labels);
  }

  decided(ms: number, isCommitted: boolean): void {
    this.transactions.observe(ms / 1000);
    if (!isCommitted) this.aborted.add();
  }

  endedAbandoned(): void {
    this.abandoned.add();
  }

  appendTimedOut(): void {
    this.late.add();
  }

  skippedAborted(events: number): void {
    this.skipped.add(events);
  }

  retried(): void {
    this.again.add();
  }
}
