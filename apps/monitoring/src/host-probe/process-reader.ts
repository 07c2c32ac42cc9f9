import { readdir } from 'node:fs/promises';
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@distributary/distribution-core';
import type { ProcessReading } from './readings.js';

/** Finer than what is asked about, and cheap: one timer. */
const RESOLUTION_MS = 10;
const NANOS_PER_MS = 1e6;

/** Reads this process. Between `start` and `stop` it measures how late the event loop is. */
export class ProcessReader {
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private utilization: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(
    private readonly clock: Clock,
    private readonly openFilesFolder = '/proc/self/fd',
  ) {}

  start(): void {
    this.delays.enable();
  }

  stop(): void {
    this.delays.disable();
  }

  async read(): Promise<ProcessReading> {
    const openFiles = await readdir(this.openFilesFolder).then(
      (files) => files.length,
      () => undefined,
    );
    // A delay is recorded by a timer and a reset forgets one that is still being measured: the second turn begins after
    // the timers have run.
    await nextTurn();
    await nextTurn();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      atMs: this.clock.monotonicMs(),
      cpuMs: (user + system) / 1000,
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      uptimeSeconds: process.uptime(),
      openFiles,
      eventLoop: this.eventLoop(),
    };
  }

  private eventLoop(): ProcessReading['eventLoop'] {
    const before = this.utilization;
    this.utilization = performance.eventLoopUtilization();
    const figures = {
      delayP50Ms: this.delayMs(this.delays.percentile(50)),
      delayP99Ms: this.delayMs(this.delays.percentile(99)),
      delayMaxMs: this.delayMs(this.delays.max),
      utilization: performance.eventLoopUtilization(this.utilization, before).utilization,
    };
    this.delays.reset();
    return figures;
  }

  /** The histogram holds whole intervals of its timer: what lies beyond the interval is delay. */
  private delayMs(nanos: number): number {
    return this.delays.max === 0 ? 0 : Math.max(0, nanos / NANOS_PER_MS - RESOLUTION_MS);
  }
}
