import type { CpuTimes, DiskCounters, MemoryFigures, NetworkCounters } from './proc-files.js';
import { ratePerSecond } from './counters.js';

/** One look at the machine. What it cannot tell is undefined, and nothing is published about it. */
export interface HostReading {
  readonly atMs: number;
  readonly processors: number;
  readonly cpu: CpuTimes | undefined;
  readonly memory: MemoryFigures | undefined;
  readonly load: number | undefined;
  readonly disk: DiskCounters | undefined;
  readonly network: NetworkCounters | undefined;
  /** Of the file system that holds the service's data. */
  readonly diskSpace: { readonly totalBytes: number; readonly availableBytes: number } | undefined;
}

/** One look at this process. */
export interface ProcessReading {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly uptimeSeconds: number;
  readonly openFiles: number | undefined;
  /** Since the reading before. */
  readonly eventLoop: {
    readonly delayP50Ms: number;
    readonly delayP99Ms: number;
    readonly delayMaxMs: number;
    /** 0 … 1: the share of time in which the loop was busy. */
    readonly utilization: number;
  };
}

export interface Figure {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

/** What two looks at the machine say. Ratios are of 1; rates need both, and no counter that began anew. */
export function hostFigures(before: HostReading | undefined, now: HostReading): Figure[] {
  const { memory, diskSpace } = now;
  const rate = (counter: (reading: HostReading) => number | undefined): number | undefined => {
    const from = before === undefined ? undefined : counter(before);
    const to = counter(now);
    if (before === undefined || from === undefined || to === undefined) return undefined;
    return ratePerSecond(from, to, now.atMs - before.atMs);
  };
  return known([
    ['cpu.utilization', cpuUtilization(before?.cpu, now.cpu), 'ratio'],
    ['cpu.load_1m_per_core', now.load === undefined ? undefined : now.load / now.processors, 'ratio'],
    ['memory.used_ratio', usedRatio(memory), 'ratio'],
    ['memory.available_bytes', memory?.availableBytes, 'bytes'],
    ['disk.used_ratio', usedRatio(diskSpace), 'ratio'],
    ['disk.available_bytes', diskSpace?.availableBytes, 'bytes'],
    ['disk.read_bytes_per_s', rate((reading) => reading.disk?.readBytes), 'bytes/s'],
    ['disk.written_bytes_per_s', rate((reading) => reading.disk?.writtenBytes), 'bytes/s'],
    ['network.rx_bytes_per_s', rate((reading) => reading.network?.receivedBytes), 'bytes/s'],
    ['network.tx_bytes_per_s', rate((reading) => reading.network?.sentBytes), 'bytes/s'],
  ]);
}

export function processFigures(before: ProcessReading | undefined, now: ProcessReading): Figure[] {
  const elapsedMs = before === undefined ? 0 : now.atMs - before.atMs;
  // More than 1 means more than one processor: worker threads and the garbage collector count.
  const cpu = before === undefined || elapsedMs <= 0 ? undefined : (now.cpuMs - before.cpuMs) / elapsedMs;
  return known([
    ['process.cpu_utilization', cpu, 'ratio'],
    ['process.rss_bytes', now.rssBytes, 'bytes'],
    ['process.heap_used_bytes', now.heapUsedBytes, 'bytes'],
    ['process.uptime_s', now.uptimeSeconds, 's'],
    ['process.open_files', now.openFiles, 'files'],
    ['eventloop.delay_p50_ms', now.eventLoop.delayP50Ms, 'ms'],
    ['eventloop.delay_p99_ms', now.eventLoop.delayP99Ms, 'ms'],
    ['eventloop.delay_max_ms', now.eventLoop.delayMaxMs, 'ms'],
    ['eventloop.utilization', now.eventLoop.utilization, 'ratio'],
  ]);
}

function cpuUtilization(before: CpuTimes | undefined, now: CpuTimes | undefined): number | undefined {
  if (before === undefined || now === undefined) return undefined;
  const total = now.total - before.total;
  // Idle time may go back by a tick when a processor comes or goes.
  return total <= 0 ? undefined : Math.min(1, Math.max(0, (now.busy - before.busy) / total));
}

function usedRatio(space: { totalBytes: number; availableBytes: number } | undefined): number | undefined {
  return space === undefined || space.totalBytes <= 0 ? undefined : 1 - space.availableBytes / space.totalBytes;
}

function known(rows: readonly (readonly [metric: string, value: number | undefined, unit: string])[]): Figure[] {
  return rows.flatMap(([metric, value, unit]) =>
    value === undefined || !Number.isFinite(value) ? [] : [{ metric, value: rounded(value), unit }],
  );
}

/** More digits than four after the point are noise. */
const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;
