import type { AuditLog, Clock } from '@distributary/distribution-core';
import type { Logger } from '../logging/logger.js';

const EVERY_MS = 3_600_000;
const BATCH = 5_000;
const DAY_MICROS = 86_400_000_000;

/** Removes what is too old, some thousand entries at a time, once an hour. Several processes may do so at once. */
export class AuditRetention {
  private cancel: () => void = () => undefined;
  private isStopped = false;

  constructor(
    private readonly log: AuditLog,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly days: number,
  ) {}

  start(): void {
    void this.sweep().finally(() => {
      if (!this.isStopped) this.cancel = this.clock.after(EVERY_MS, () => this.start());
    });
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  async sweep(): Promise<void> {
    const before = this.clock.nowMicros() - this.days * DAY_MICROS;
    try {
      while (!this.isStopped && (await this.log.prune(before, BATCH)) === BATCH);
    } catch (error) {
      this.logger.warn('audit.retention_failed', { error });
    }
  }
}
