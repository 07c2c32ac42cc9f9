import { type Clock, pause, pauseMs } from '@distributary/distribution-core';
import type { ArchiveCatalog } from './archive-catalog.js';
import type { ArchiveDisk } from './archive-disk.js';
import type { ArchiveMetrics } from './archive-metrics.js';
import { translatedError } from './duckdb.errors.js';
import type { ParquetWriter } from './parquet-writer.js';
import { fileOf, type Run } from './row-buffer.js';

/** Makes a file of a run, however often that takes. */
export class RunWriter {
  constructor(
    private readonly disk: ArchiveDisk,
    private readonly writer: Pick<ParquetWriter, 'write'>,
    private readonly catalog: ArchiveCatalog,
    private readonly clock: Clock,
    private readonly metrics: ArchiveMetrics,
  ) {}

  /** Resolves when the run is on disk. Fails only once the signal has aborted: until then each failure is tried again. */
  async write(run: Run, closing: AbortSignal): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.attempt(run);
      } catch (error) {
        this.metrics.failures.add();
        if (closing.aborted) throw translatedError(error);
        await pause(this.clock, pauseMs(tries, 1), closing);
      }
    }
  }

  private async attempt(run: Run): Promise<void> {
    const file = fileOf(run);
    const part = await this.disk.preparePart(file);
    const outOfRange = await this.writer.write(run.lane, run.rows, part);
    const bytes = await this.disk.publish(file);
    this.catalog.add({ file, bytes });
    this.metrics.rows.add(file.rows);
    this.metrics.bytes.add(bytes);
    this.metrics.outOfRange.add(outOfRange);
    this.metrics.holds(this.catalog.totals());
  }
}
