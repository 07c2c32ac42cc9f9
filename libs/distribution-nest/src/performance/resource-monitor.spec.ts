import { noMetrics } from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { Registry } from 'prom-client';
import { PromMetrics } from '../metrics/prom-metrics.js';
import { SystemClock } from '../clock/system-clock.js';
import { GcObserver } from './gc-pauses.js';
import { LoopDelay } from './loop-delay.js';
import { ResourceMonitor } from './resource-monitor.js';

/** A clock whose next alarms all ring so much later than they were set for. */
class LateClock extends FakeClock {
  lateMs = 0;
  override after(delayMs: number, callback: () => void): () => void {
    return super.after(delayMs + this.lateMs, callback);
  }
}

describe('the resource monitor', () => {
  it('reads this process, before and after its first sample, and keeps a minute', () => {
    const clock = new FakeClock();
    const monitor = new ResourceMonitor(clock, noMetrics);
    monitor.start();
    monitor.start();
    clock.advance(1_000);
    const first = monitor.read();
    expect(first).toMatchObject({ windowMs: 1_000, gcPauses: expect.any(Number) as number });
    expect(first.rssBytes).toBeGreaterThan(first.heapUsedBytes);
    expect(first.heapLimitBytes).toBeGreaterThan(first.heapUsedBytes);
    clock.advance(600_000);
    const later = monitor.read();
    expect(later.windowMs).toBe(56_000);
    expect(later.cpuUtilization).toBeGreaterThanOrEqual(0);
    monitor.stop();
    expect(clock.pendingAlarms).toBe(0);
  });

  it('tells p99 of the worst five seconds, and p99.9 of the minute, until what was late is a minute old', () => {
    const clock = new LateClock();
    const monitor = new ResourceMonitor(clock, noMetrics);
    monitor.start();
    clock.advance(10_000);
    expect(monitor.read()).toMatchObject({ loopDelayP99Ms: 0.025, loopDelayP999Ms: 0.025 });
    clock.lateMs = 40;
    clock.advance(500);
    clock.lateMs = 0;
    clock.advance(30_000);
    expect(monitor.read().loopDelayP99Ms).toBeGreaterThan(37);
    expect(monitor.read().loopDelayP999Ms).toBeGreaterThan(37);
    expect(monitor.read().loopDelayP999Ms).toBeLessThan(43);
    clock.advance(65_000);
    expect(monitor.read()).toMatchObject({ loopDelayP99Ms: 0.025, loopDelayP999Ms: 0.025 });
    monitor.stop();
  });
});

describe('the delay of the event loop', () => {
  it('is counted with each alarm, so that the counts of two times can be subtracted', async () => {
    const clock = new LateClock();
    const registry = new Registry();
    const delay = new LoopDelay(clock, new PromMetrics(registry));
    delay.start();
    clock.advance(100);
    clock.lateMs = 7;
    clock.advance(20 + 27);
    delay.stop();
    const text = await registry.metrics();
    expect(text).toContain('event_loop_delay_ms_bucket{le="1"} 6');
    expect(text).toContain('event_loop_delay_ms_bucket{le="6"} 6');
    expect(text).toContain('event_loop_delay_ms_bucket{le="8"} 7');
    expect(clock.pendingAlarms).toBe(0);
  });

  it('is what blocks this loop', async () => {
    const registry = new Registry();
    const clock = new SystemClock();
    const delay = new LoopDelay(clock, new PromMetrics(registry));
    delay.start();
    const untilMs = clock.monotonicMs() + 60;
    while (clock.monotonicMs() < untilMs);
    await until('the alarm', async () => /_count [1-9]/.test(await registry.metrics()));
    delay.stop();
    expect(Number(/_sum (\S+)/.exec(await registry.metrics())?.[1])).toBeGreaterThan(40);
  });
});

describe('pauses for the collector', () => {
  it('are all counted, by kind, however many Node tells of at once', async () => {
    const registry = new Registry();
    const observer = new GcObserver(new PromMetrics(registry));
    observer.start();
    let kept: object[] = [];
    const makeGarbage = (): boolean => {
      for (let count = 0; count < 1_000_000; count++) kept.push({ count });
      kept = [];
      return observer.read().count >= 5;
    };
    await until('some collections', makeGarbage);
    observer.stop();
    const { count, ms, longestMs } = observer.read();
    const text = await registry.metrics();
    const counted = [...text.matchAll(/^gc_pause_ms_count\{kind="(\w+)"\} (\d+)$/gm)];
    expect(counted.map(([, kind]) => kind)).toContain('minor');
    expect(counted.reduce((sum, [, , value]) => sum + Number(value), 0)).toBe(count);
    expect(ms).toBeGreaterThanOrEqual(longestMs);
    observer.reset();
    expect(observer.read()).toEqual({ count: 0, ms: 0, longestMs: 0 });
  });
});
