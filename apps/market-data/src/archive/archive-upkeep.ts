import type { Clock } from '@distributary/distribution-core';
import type { ArchiveCatalog } from './archive-catalog.js';
import type { ArchiveDisk } from './archive-disk.js';
import type { ArchiveMetrics } from './archive-metrics.js';
import { laneKey } from './archive-row.js';
import { type MergeLimits, mergedFile, nextMerge } from './merge-plan.js';
import type { ParquetWriter } from './parquet-writer.js';
import { dayOf, firstKeptDay } from './utc-day.js';

export interface UpkeepOptions extends MergeLimits {
  /** Days that are kept, the present one included. */
  readonly retentionDays: number;
  /**
   * How long sources of a merge stay beside it: who listed the folder just before the merge appeared has that long to
   * open them. Longer than any query may take.
   */
  readonly graceMs: number;
}

/**
 * Keeps the number of files small and the days bounded. Every step may be the last one: a merged file covers its sources
 * from the moment it has its name, so they may lie there for any time, or be gone, and nothing is read twice or missing.
 */
export class ArchiveUpkeep {
  constructor(
    private readonly disk: ArchiveDisk,
    private readonly writer: Pick<ParquetWriter, 'merge'>,
    private readonly catalog: ArchiveCatalog,
    private readonly clock: Clock,
    private readonly metrics: ArchiveMetrics,
    private readonly options: UpkeepOptions,
  ) {}

  /**
   * Everything that is due; stops between two files when the signal aborts. A lane whose files cannot be merged does not hold
   * up the others: the first such failure is what it rejects with, when they are through.
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.removeExpired(signal);
    await this.removeRetired(signal);
    const failures = await this.mergeAll(signal);
    this.metrics.holds(this.catalog.totals());
    if (failures.length > 0) throw failures[0];
  }

  private async removeExpired(signal: AbortSignal): Promise<void> {
    const firstDay = firstKeptDay(this.clock.nowMicros(), this.options.retentionDays);
    for (const files of this.catalog.filesByLane()) {
      // The oldest first: what is left is always the end of the lane.
      for (const sized of [...files]) {
        if (sized.file.day >= firstDay || signal.aborted) break;
        await this.disk.remove(sized.file);
        this.catalog.remove(sized);
        this.metrics.expired.add();
      }
    }
  }

  private async removeRetired(signal: AbortSignal): Promise<void> {
    for (const file of this.catalog.retiredBefore(this.clock.monotonicMs() - this.options.graceMs)) {
      if (signal.aborted) return;
      await this.disk.remove(file);
      this.catalog.forget(file);
    }
  }

  /** Lane after lane. Why some of them were given up. */
  private async mergeAll(signal: AbortSignal): Promise<readonly Error[]> {
    const failures: Error[] = [];
    for (const [{ file }] of this.catalog.filesByLane().filter(({ length }) => length > 0)) {
      try {
        while (!signal.aborted && (await this.mergeOnce(laneKey(file.lane))));
      } catch (error) {
        failures.push(error as Error);
      }
    }
    return failures;
  }

  private async mergeOnce(lane: string): Promise<boolean> {
    const presentDay = dayOf(this.clock.nowMicros());
    const sources = nextMerge(this.catalog.filesOf(lane), presentDay, this.options);
    if (sources === undefined) return false;
    const merged = mergedFile(sources);
    const part = await this.disk.preparePart(merged);
    await this.writer.merge(
      sources.map(({ file }) => this.disk.absolute(file)),
      merged.rows,
      part,
    );
    const bytes = await this.disk.publish(merged);
    this.catalog.replace(sources, { file: merged, bytes }, this.clock.monotonicMs());
    this.metrics.merged.add(sources.length);
    return true;
  }
}
