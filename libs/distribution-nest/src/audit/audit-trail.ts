import {
  type AuditEntry,
  type AuditLog,
  type Clock,
  type Counter,
  DistributionError,
  type Gauge,
  type Metrics,
} from '@distributary/distribution-core';
import type { Logger } from '../logging/logger.js';

export interface AuditTrailDependencies {
  readonly log: AuditLog;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Entries that the store has not taken yet. At the limit, administrative acts are refused. */
export const MAX_WAITING_ENTRIES = 1_000;
const MAX_BATCH = 200;
const RETRY_MS = 1_000;

/**
 * Brings entries into the audit log. An act that took effect cannot be taken back because its entry was not stored, so
 * an entry that the store refuses waits here, bounded, and is tried again; and while too many wait, no further act is
 * begun: what cannot be recorded does not happen.
 */
export class AuditTrail {
  private readonly waiting: AuditEntry[] = [];
  private storing: Promise<void> | undefined;
  private cancelRetry: () => void = () => undefined;
  private readonly gauge: Gauge;
  private readonly written: Counter;
  private readonly failures: Counter;
  private readonly refused: Counter;
  /** The store refused the last batch; nobody tries again before it is time to. */
  private isHeldUp = false;
  private isStopped = false;
  private batchSize = MAX_BATCH;

  constructor(private readonly deps: AuditTrailDependencies) {
    const { metrics } = deps;
    this.gauge = metrics.gauge('audit_entries_waiting', 'Entries that the audit log has not taken yet');
    this.written = metrics.counter('audit_entries_total', 'Entries of the audit log that were stored');
    this.failures = metrics.counter('audit_failures_total', 'Attempts to store entries that failed');
    this.refused = metrics.counter('audit_entries_refused_total', 'Entries that the audit log will never take');
  }

  /** `store.unavailable` while too many entries wait. To be asked before an act. */
  requireRoom(): void {
    if (this.hasRoom) return;
    throw new DistributionError('store.unavailable', 'the audit log cannot be written, so nothing may be changed', {
      retryAfterMs: RETRY_MS,
    });
  }

  /** Whether an entry that nobody's act depends on may be added. */
  get hasRoom(): boolean {
    return this.waiting.length < MAX_WAITING_ENTRIES;
  }

  /**
   * One of them is such that trying again does not help; it must not hold up those behind it. They are tried one by one, and
   * it goes without what its caller said, or, if that does not help, not at all.
   */
  private setAside(batch: readonly AuditEntry[], error: DistributionError): void {
    const [first] = batch;
    if (batch.length > 1) this.batchSize = 1;
    else if (first.before !== undefined || first.after !== undefined || first.target !== undefined) {
      this.waiting[0] = { ...first, before: undefined, after: undefined, target: undefined };
    } else {
      this.waiting.shift();
      this.refused.add();
      this.deps.logger.error('audit.entry_refused', { act: first.act, principal: first.principal, error });
    }
  }

  /** Resolves when the entry is stored, or waits to be tried again. Never rejects. */
  async record(entry: AuditEntry): Promise<void> {
    this.waiting.push(entry);
    while (this.waiting.some(({ id }) => id === entry.id) && !this.isHeldUp) await this.storeSome();
  }

  /** For draining: one more attempt. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelRetry();
    await this.flush();
    if (this.waiting.length > 0) this.deps.logger.error('audit.lost', { entries: this.waiting.length });
  }

  private async flush(): Promise<void> {
    this.isHeldUp = false;
    while (this.waiting.length > 0 && !this.isHeldUp) await this.storeSome();
  }

  /** One batch at a time, whoever asks. */
  private storeSome(): Promise<void> {
    this.storing ??= this.store().finally(() => {
      this.storing = undefined;
      this.gauge.set(this.waiting.length);
    });
    return this.storing;
  }

  private async store(): Promise<void> {
    const batch = this.waiting.slice(0, this.batchSize);
    try {
      await this.deps.log.append(batch);
      this.waiting.splice(0, batch.length);
      this.batchSize = MAX_BATCH;
      this.written.add(batch.length);
    } catch (error) {
      this.failures.add();
      if (error instanceof DistributionError && !error.retryable) return this.setAside(batch, error);
      this.deps.logger.error('audit.store_failed', { waiting: this.waiting.length, error });
      this.isHeldUp = true;
      if (!this.isStopped) this.cancelRetry = this.deps.clock.after(RETRY_MS, () => void this.flush());
    }
  }
}
