import type { Clock } from '@distributary/distribution-core';
import type { EmbeddedMetrics } from './embedded-metrics.js';
import type { LmdbStore } from './lmdb-store.js';
import { sweepDeadLane, sweepLane } from './retention-sweep.js';
import type { TopicTable } from './topic-table.js';

/**
 * Removes what retention no longer keeps, and what deleted topics left behind, in small transactions with room for
 * appends between them. Every process of a directory sweeps; what another has removed is simply not there.
 */
export class RetentionSweeper {
  private cancel: () => void = () => undefined;
  private sweeping: Promise<void> | undefined;
  private isStopped = false;
  private isAskedAgain = false;

  constructor(
    private readonly store: LmdbStore,
    private readonly topics: TopicTable,
    private readonly clock: Clock,
    private readonly metrics: EmbeddedMetrics,
    private readonly checkMs: number,
  ) {
    this.schedule(checkMs);
  }

  sweepSoon(): void {
    if (this.isStopped) return;
    if (this.sweeping === undefined) this.schedule(0);
    else this.isAskedAgain = true;
  }

  /** Resolves when everything that is due now is gone. */
  async sweepNow(): Promise<void> {
    await this.sweeping;
    this.start();
    await this.sweeping;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.sweeping;
  }

  private schedule(delayMs: number): void {
    this.cancel();
    this.cancel = this.clock.after(delayMs, () => this.start());
  }

  private start(): void {
    this.cancel();
    this.sweeping ??= this.sweep().finally(() => {
      this.sweeping = undefined;
      if (!this.isStopped) this.schedule(this.isAskedAgain ? 0 : this.checkMs);
      this.isAskedAgain = false;
    });
  }

  private async sweep(): Promise<void> {
    try {
      const { lanes, dead } = this.store.read(() => ({
        lanes: this.topics.list().flatMap((topic) => topic.lanes),
        dead: this.topics.deadLanes(),
      }));
      for (const lane of lanes) {
        if (lane.retention.ms === 0 && lane.retention.bytes === 0) continue;
        await this.repeat(() => sweepLane(this.store, lane, this.clock.nowMicros(), this.metrics));
      }
      for (const laneId of dead) {
        await this.repeat(() => sweepDeadLane(this.store, laneId, this.metrics));
        if (!this.isStopped) await this.store.write(() => this.topics.buried(laneId));
      }
    } catch {
      // A disk that is full or gone: appends report it, the next sweep tries again.
    }
  }

  private async repeat(step: () => boolean): Promise<void> {
    while (!this.isStopped && (await this.store.write(step)));
  }
}
