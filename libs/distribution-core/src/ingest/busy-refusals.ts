import { DistributionError } from '../errors/distribution-error.js';
import type { Counter, Metrics } from '../ports/metrics.port.js';

/** Calls that are refused with `ingest.busy`, since what is in flight is bounded by its bytes. */
export class BusyRefusals {
  private readonly total: Counter;

  constructor(metrics: Metrics) {
    this.total = metrics.counter('ingest_busy_total', 'Calls refused because too many bytes were in flight');
  }

  /** Counts a call, and says what it is refused with. */
  refuse(detail: string, retryAfterMs: number): DistributionError {
    this.total.add();
    return new DistributionError('ingest.busy', detail, { retryAfterMs });
  }
}
