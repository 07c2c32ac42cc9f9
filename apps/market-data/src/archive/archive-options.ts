import type { UpkeepOptions } from './archive-upkeep.js';
import type { ParquetWriterOptions } from './parquet-writer.js';

export interface ArchiveOptions extends UpkeepOptions, ParquetWriterOptions {
  /** Whichever is met first makes files of all that waits. */
  readonly flushRows: number;
  readonly flushBytes: number;
  readonly flushAfterMs: number;
  /** What may wait or be under way, in rows and in memory: at this limit the feed waits, at twice of it it is refused. */
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly upkeepEveryMs: number;
}

const MIB = 2 ** 20;

export const DEFAULT_ARCHIVE_OPTIONS: ArchiveOptions = {
  flushRows: 200_000,
  flushBytes: 128 * MIB,
  flushAfterMs: 30_000,
  maxRows: 500_000,
  maxBytes: 256 * MIB,
  upkeepEveryMs: 60_000,
  targetBytes: 128 * MIB,
  fanIn: 8,
  retentionDays: 30,
  graceMs: 120_000,
  threads: 2,
  memoryBytes: 1024 * MIB,
};
