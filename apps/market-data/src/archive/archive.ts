import {
  type Clock,
  DistributionError,
  invalidRequest,
  type LanePosition,
  type Metrics,
} from '@distributary/distribution-core';
import { ArchiveCatalog } from './archive-catalog.js';
import type { ArchiveDisk } from './archive-disk.js';
import { ArchiveMetrics } from './archive-metrics.js';
import type { ArchiveOptions } from './archive-options.js';
import { type ArchiveBatch, batchProblems, laneKey } from './archive-row.js';
import { ArchiveUpkeep } from './archive-upkeep.js';
import { ParquetWriter } from './parquet-writer.js';
import { type LanePlace, RowBuffer, type Run } from './row-buffer.js';
import { RunWriter } from './run-writer.js';
import { firstKeptDay } from './utc-day.js';

export interface ArchiveDependencies {
  readonly disk: ArchiveDisk;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const NOWHERE: LanePlace = { last: '', day: 0 };

/**
 * Events of the log in Parquet files by topic and day, each exactly once.
 *
 * Exactly once: a file holds all events of a lane between two positions, which are in its name, and it gets that name in
 * one step when it is complete on disk. After any crash the files themselves say where to go on (`resumeFrom`), and what was
 * under way is made again.
 *
 * Order: batches of a lane come in its order, each after the one before; lanes are independent. What does not follow is
 * refused with `request.invalid`, and nothing of that batch is taken.
 *
 * Back-pressure: `append` has taken the batch when it returns, and resolves when there is room for another; who goes on
 * without waiting is refused with `ingest.busy` at twice the limit. A disk that fails is tried again until it works; until
 * then the feed waits, and the log keeps what comes.
 *
 * Ownership: one process writes an archive at a time; `open` rejects with `store.unavailable` while another one does.
 *
 * Shutdown: `close` writes what waits, trying once, and rejects if that fails (the log still has it); later calls reject
 * with `draining`.
 */
export class Archive {
  private readonly buffer = new RowBuffer();
  private readonly places: Map<string, LanePlace>;
  private readonly closing = new AbortController();
  private readonly waiting: Waiting[] = [];
  private writing: Run[] = [];
  private writingRows = 0;
  private writingBytes = 0;
  private round: Promise<void> | undefined;
  private upkeepRound: Promise<void> = Promise.resolve();
  /** What waits has waited long enough; also if a round was under way when that came to be. */
  private isAged = false;
  private cancelAge: (() => void) | undefined;
  private cancelUpkeep: (() => void) | undefined;

  private constructor(
    private readonly clock: Clock,
    private readonly options: ArchiveOptions,
    private readonly parquet: ParquetWriter,
    private readonly catalog: ArchiveCatalog,
    private readonly metrics: ArchiveMetrics,
    private readonly runs: RunWriter,
    private readonly upkeeper: ArchiveUpkeep,
  ) {
    this.places = catalog.places();
    this.metrics.holds(catalog.totals());
    this.scheduleUpkeep();
  }

  static async open({ disk, clock, metrics }: ArchiveDependencies, options: ArchiveOptions): Promise<Archive> {
    firstKeptDay(clock.nowMicros(), options.retentionDays);
    const parquet = await ParquetWriter.open(disk.root, options, clock);
    try {
      await disk.removeParts();
      await disk.removeSpills(clock.nowMicros() / 1_000);
      const catalog = await ArchiveCatalog.read(disk, clock.monotonicMs());
      const figures = new ArchiveMetrics(metrics);
      const runs = new RunWriter(disk, parquet, catalog, clock, figures);
      const upkeep = new ArchiveUpkeep(disk, parquet, catalog, clock, figures, options);
      return new Archive(clock, options, parquet, catalog, figures, runs, upkeep);
    } catch (error) {
      parquet.close();
      throw error;
    }
  }

  /** What is on disk, up to and including these positions. Lanes that are not among them start at their first event. */
  resumeFrom(): readonly LanePosition[] {
    return this.catalog.positions();
  }

  append(batch: ArchiveBatch): Promise<void> {
    if (this.closing.signal.aborted) return Promise.reject(new DistributionError('draining', 'the archive is closed'));
    const key = laneKey(batch.lane);
    const place = this.places.get(key) ?? NOWHERE;
    const problems = batchProblems(batch, place.last);
    if (problems.length > 0) return Promise.reject(invalidRequest(problems));
    if (this.isOver(2))
      return Promise.reject(new DistributionError('ingest.busy', 'the archive has too much to write'));
    if (batch.rows.length === 0) return Promise.resolve();
    if (this.buffer.isEmpty) this.startAge();
    const firstDay = firstKeptDay(this.clock.nowMicros(), this.options.retentionDays);
    const { day, leftOut } = this.buffer.add(batch, place.day, firstDay);
    this.places.set(key, { last: batch.rows[batch.rows.length - 1].position, day });
    if (leftOut > 0) this.metrics.leftOut.add(leftOut);
    this.noteWaiting();
    if (this.isDue()) void this.startRound();
    if (!this.isOver(1)) return Promise.resolve();
    void this.startRound();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Resolves when everything that was taken before is on disk. */
  async flush(): Promise<void> {
    // The round under way may have begun before the last batches came; the next one takes them.
    await this.startRound();
    await this.startRound();
  }

  /** Merges, expires and removes what is due now. Rejects if a step fails; nothing is lost then. */
  upkeep(): Promise<void> {
    const next = this.upkeepRound.then(() => this.upkeeper.run(this.closing.signal));
    this.upkeepRound = next.catch(() => this.metrics.failures.add());
    return next;
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    this.cancelAge?.();
    this.cancelUpkeep?.();
    try {
      await this.flush();
      await this.upkeepRound;
    } finally {
      this.parquet.close();
    }
  }

  private isDue(): boolean {
    return this.isAged || this.buffer.rows >= this.options.flushRows || this.buffer.bytes >= this.options.flushBytes;
  }

  private isOver(times: number): boolean {
    const { maxRows, maxBytes } = this.options;
    const rows = this.buffer.rows + this.writingRows;
    return rows >= times * maxRows || this.buffer.bytes + this.writingBytes >= times * maxBytes;
  }

  private startAge(): void {
    this.cancelAge?.();
    this.cancelAge = this.clock.after(this.options.flushAfterMs, () => {
      this.isAged = true;
      void this.startRound();
    });
  }

  /** The promise may be left alone: who needs to know of a failure awaits it. */
  private startRound(): Promise<void> {
    if (this.round === undefined) {
      this.round = this.writeRounds().finally(() => {
        this.round = undefined;
      });
      this.round.catch(() => undefined);
    }
    return this.round;
  }

  private async writeRounds(): Promise<void> {
    do {
      this.take();
      while (this.writing.length > 0) await this.writeFirst();
    } while (this.isDue() || this.waiting.length > 0);
  }

  private take(): void {
    // After a failed close there are runs from before.
    this.writingRows += this.buffer.rows;
    this.writingBytes += this.buffer.bytes;
    this.writing.push(...this.buffer.take());
    this.cancelAge?.();
    this.isAged = false;
  }

  private async writeFirst(): Promise<void> {
    const [run] = this.writing;
    try {
      await this.runs.write(run, this.closing.signal);
    } catch (error) {
      for (const { reject } of this.waiting.splice(0)) reject(error);
      throw error;
    }
    this.writing.shift();
    this.writingRows -= run.rows.length;
    this.writingBytes -= run.bytes;
    this.noteWaiting();
    if (!this.isOver(1)) for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  private noteWaiting(): void {
    this.metrics.waits(this.buffer.rows + this.writingRows, this.buffer.bytes + this.writingBytes);
    const oldest = this.writing[0]?.rows[0].brokerMicros ?? this.buffer.oldestMicros;
    this.metrics.lag.set(oldest === undefined ? 0 : Math.max(0, this.clock.nowMicros() - oldest) / 1e6);
  }

  private scheduleUpkeep(): void {
    this.cancelUpkeep = this.clock.after(this.options.upkeepEveryMs, () => {
      void this.upkeep()
        // Counted as a failure, and due again next time.
        .catch(() => undefined)
        .then(() => {
          if (!this.closing.signal.aborted) this.scheduleUpkeep();
        });
    });
  }
}
