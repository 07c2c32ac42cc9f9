import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import {
  addLatencies,
  type Clock,
  LATENCY_BUCKETS,
  latencyPercentile,
  type Metrics,
} from '@distributary/distribution-core';
import { GcObserver, type GcPauses } from './gc-pauses.js';
import { LoopDelay } from './loop-delay.js';

const SAMPLE_MS = 5_000;
const SAMPLES = 12;

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly loopDelays: Uint32Array;
  readonly loopUtilization: number;
  readonly gc: GcPauses;
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
  /** Of the whole window. */
  readonly loopDelayP999Ms: number;
  readonly loopUtilization: number;
  readonly gcPauses: number;
  readonly gcPauseMs: number;
  readonly gcLongestMs: number;
}

/** Samples this process every five seconds between `start` and `stop`; twelve samples are kept. */
export class ResourceMonitor {
  private readonly loopDelay: LoopDelay;
  private readonly gc: GcObserver;
  private readonly samples: Sample[] = [];
  private utilization: EventLoopUtilization = performance.eventLoopUtilization();
  private firstCpuMs = 0;
  private startedMs = 0;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.loopDelay = new LoopDelay(clock, metrics);
    this.gc = new GcObserver(metrics);
  }

  start(): void {
    if (this.cancel !== undefined) return;
    this.loopDelay.start();
    this.gc.start();
    this.startedMs = this.clock.monotonicMs();
    this.firstCpuMs = cpuMs();
    this.next();
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.loopDelay.stop();
    this.gc.stop();
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
    const delays = new Uint32Array(LATENCY_BUCKETS);
    for (const { loopDelays } of within) addLatencies(delays, loopDelays);
    return {
      windowMs,
      cpuUtilization: (present.cpuMs - from.cpuMs) / windowMs,
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      loopDelayP99Ms: most(({ loopDelays }) => latencyPercentile(loopDelays, 0.99) ?? 0),
      loopDelayP999Ms: latencyPercentile(delays, 0.999) ?? 0,
      loopUtilization: sum((sample) => sample.loopUtilization) / within.length,
      gcPauses: sum(({ gc }) => gc.count),
      gcPauseMs: sum(({ gc }) => gc.ms),
      gcLongestMs: most(({ gc }) => gc.longestMs),
    };
  }

  private next(): void {
    this.cancel = this.clock.after(SAMPLE_MS, () => {
      this.samples.push(this.present());
      if (this.samples.length > SAMPLES) this.samples.shift();
      this.loopDelay.reset();
      this.gc.reset();
      this.utilization = performance.eventLoopUtilization();
      this.next();
    });
  }

  private present(): Sample {
    const loopDelays = new Uint32Array(LATENCY_BUCKETS);
    this.loopDelay.addTo(loopDelays);
    return {
      atMs: this.clock.monotonicMs(),
      cpuMs: cpuMs(),
      loopDelays,
      loopUtilization: performance.eventLoopUtilization(this.utilization).utilization,
      gc: this.gc.read(),
    };
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
