import { type EventLoopUtilization, monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '@distributary/distribution-core';

const RESOLUTION_MS = 10;
const NANOS_PER_MS = 1e6;
const SAMPLE_MS = 5_000;
const SAMPLES = 12;

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly loopDelayP99Ms: number;
  readonly loopUtilization: number;
  readonly gcPauses: number;
  readonly gcPauseMs: number;
  readonly gcLongestMs: number;
}

/** What this process uses, over the last minute where it is not of this moment. */
export interface Resources {
  readonly windowMs: number;
  /** Of one processor. */
  readonly cpuUtilization: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
  /** The worst of the samples of five seconds each. */
  readonly loopDelayP99Ms: number;
  readonly loopUtilization: number;
  readonly gcPauses: number;
  readonly gcPauseMs: number;
  readonly gcLongestMs: number;
}

/** Samples this process every five seconds between `start` and `stop`; twelve samples are kept. */
export class ResourceMonitor {
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly collections: PerformanceObserver;
  private readonly samples: Sample[] = [];
  private utilization: EventLoopUtilization = performance.eventLoopUtilization();
  private pauses = { count: 0, ms: 0, longest: 0 };
  private firstCpuMs = 0;
  private startedMs = 0;
  private cancel: (() => void) | undefined;

  constructor(private readonly clock: Clock) {
    this.collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.pauses.count++;
        this.pauses.ms += duration;
        this.pauses.longest = Math.max(this.pauses.longest, duration);
      }
    });
  }

  start(): void {
    if (this.cancel !== undefined) return;
    this.delays.enable();
    this.collections.observe({ entryTypes: ['gc'] });
    this.startedMs = this.clock.monotonicMs();
    this.firstCpuMs = cpuMs();
    this.next();
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.delays.disable();
    this.collections.disconnect();
  }

  read(): Resources {
    const present = this.present();
    const all = [...this.samples, present];
    const from = this.samples[0] ?? { atMs: this.startedMs, cpuMs: this.firstCpuMs };
    const windowMs = Math.max(1, present.atMs - from.atMs);
    const memory = process.memoryUsage();
    // The first sample only says where the window begins.
    const within = this.samples.length === 0 ? all : all.slice(1);
    const sum = (part: (sample: Sample) => number) => within.reduce((total, sample) => total + part(sample), 0);
    const most = (part: (sample: Sample) => number) => Math.max(...within.map(part));
    return {
      windowMs,
      cpuUtilization: (present.cpuMs - from.cpuMs) / windowMs,
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      loopDelayP99Ms: most((sample) => sample.loopDelayP99Ms),
      loopUtilization: sum((sample) => sample.loopUtilization) / within.length,
      gcPauses: sum((sample) => sample.gcPauses),
      gcPauseMs: sum((sample) => sample.gcPauseMs),
      gcLongestMs: most((sample) => sample.gcLongestMs),
    };
  }

  private next(): void {
    this.cancel = this.clock.after(SAMPLE_MS, () => {
      this.samples.push(this.present());
      if (this.samples.length > SAMPLES) this.samples.shift();
      this.delays.reset();
      this.utilization = performance.eventLoopUtilization();
      this.pauses = { count: 0, ms: 0, longest: 0 };
      this.next();
    });
  }

  private present(): Sample {
    const { count, ms, longest } = this.pauses;
    return {
      atMs: this.clock.monotonicMs(),
      cpuMs: cpuMs(),
      // The histogram holds whole intervals of its timer: what lies beyond the interval is delay.
      loopDelayP99Ms:
        this.delays.max === 0 ? 0 : Math.max(0, this.delays.percentile(99) / NANOS_PER_MS - RESOLUTION_MS),
      loopUtilization: performance.eventLoopUtilization(this.utilization).utilization,
      gcPauses: count,
      gcPauseMs: ms,
      gcLongestMs: longest,
    };
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
