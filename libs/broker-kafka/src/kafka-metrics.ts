import { type Metrics, RemoteLogMetrics } from '@distributary/distribution-core';

/** The figures of one Kafka log. */
export class KafkaMetrics extends RemoteLogMetrics {
  private readonly transactions;
  private readonly aborted;
  private readonly abandoned;
  private readonly skipped;

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
    this.skipped = metrics.counter('broker_aborted_events_total', 'Events of aborted transactions, not read', labels);
  }

  decided(ms: number, isCommitted: boolean): void {
    this.transactions.observe(ms / 1000);
    if (!isCommitted) this.aborted.add();
  }

  endedAbandoned(): void {
    this.abandoned.add();
  }

  skippedAborted(events: number): void {
    this.skipped.add(events);
  }
}
