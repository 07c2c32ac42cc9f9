import type { Counter, Gauge, Metrics } from '@distributary/distribution-core';

export class ArchiveMetrics {
  readonly rows: Counter;
  readonly bytes: Counter;
  readonly merged: Counter;
  readonly expired: Counter;
  readonly leftOut: Counter;
  readonly outOfRange: Counter;
  readonly failures: Counter;
  readonly lag: Gauge;
  private readonly waitingRows: Gauge;
  private readonly waitingBytes: Gauge;
  private readonly heldFiles: Gauge;
  private readonly heldBytes: Gauge;

  constructor(metrics: Metrics) {
    this.rows = metrics.counter('archive_rows_total', 'Events that were written to the archive');
    this.bytes = metrics.counter('archive_written_bytes_total', 'Bytes of the files that they were written to');
    this.merged = metrics.counter('archive_merged_files_total', 'Small files that became part of a larger one');
    this.expired = metrics.counter('archive_expired_files_total', 'Files of days that are not kept any more');
    this.leftOut = metrics.counter('archive_expired_rows_total', 'Events of days that are not kept, never written');
    this.outOfRange = metrics.counter(
      'archive_out_of_range_total',
      'Events with a price or volume that no column holds exactly; it is in their JSON alone',
    );
    this.failures = metrics.counter('archive_failures_total', 'Writes and merges that failed and are tried again');
    this.lag = metrics.gauge('archive_lag_seconds', 'Age of the oldest event that waits to be written; 0 if none does');
    this.waitingRows = metrics.gauge('archive_waiting_rows', 'Events that wait to be written');
    this.waitingBytes = metrics.gauge('archive_waiting_bytes', 'Bytes of memory of the events that wait to be written');
    this.heldFiles = metrics.gauge('archive_files', 'Files of the archive, without those that were merged into others');
    this.heldBytes = metrics.gauge('archive_bytes', 'Bytes of these files');
  }

  waits(rows: number, bytes: number): void {
    this.waitingRows.set(rows);
    this.waitingBytes.set(bytes);
  }

  holds({ files, bytes }: { readonly files: number; readonly bytes: number }): void {
    this.heldFiles.set(files);
    this.heldBytes.set(bytes);
  }
}
