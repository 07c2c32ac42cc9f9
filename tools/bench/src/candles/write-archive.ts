import { monitorEventLoopDelay } from 'node:perf_hooks';
import { noMetrics } from '@distributary/distribution-core';
import { SystemClock } from '@distributary/distribution-nest';
import { Archive, ArchiveDisk, DEFAULT_ARCHIVE_OPTIONS } from '@distributary/market-data';
import { PeakMemory } from './peak-memory.js';
import { syntheticTrades } from './synthetic-trades.js';

export interface WrittenArchive {
  readonly rowsPerSecond: number;
  readonly writeSeconds: number;
  readonly mergeSeconds: number;
  readonly files: number;
  readonly mergedFiles: number;
  readonly bytes: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly peakMiB: number;
}

const BATCH_ROWS = 1000;

/** Through the archive as a service has it, the making of the trades included; then merged as when the day is over. */
export async function writeArchive(root: string, count: number, dayStartMicros: number): Promise<WrittenArchive> {
  const clock = new SystemClock();
  const disk = new ArchiveDisk(root);
  const archive = await Archive.open({ disk, clock, metrics: noMetrics }, { ...DEFAULT_ARCHIVE_OPTIONS, graceMs: 0 });
  const memory = new PeakMemory();
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const startMs = performance.now();
  for (const batch of syntheticTrades(count, dayStartMicros, BATCH_ROWS)) {
    await archive.append(batch);
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
  await archive.flush();
  const writeSeconds = (performance.now() - startMs) / 1000;
  loop.disable();
  const files = (await disk.list()).length;
  const mergeStartMs = performance.now();
  await archive.upkeep();
  await archive.upkeep();
  const mergeSeconds = (performance.now() - mergeStartMs) / 1000;
  await archive.close();
  const merged = await disk.list();
  const sizes = await Promise.all(merged.map((file) => disk.bytesOf(file)));
  return {
    rowsPerSecond: count / writeSeconds,
    writeSeconds,
    mergeSeconds,
    files,
    mergedFiles: merged.length,
    bytes: sizes.reduce((sum, each) => sum + each, 0),
    loopP99Ms: loop.percentile(99) / 1e6,
    loopMaxMs: loop.max / 1e6,
    peakMiB: memory.stop(),
  };
}
