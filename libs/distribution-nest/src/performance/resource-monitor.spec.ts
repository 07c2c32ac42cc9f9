import { FakeClock } from '@distributary/distribution-core/testing';
import { ResourceMonitor } from './resource-monitor.js';

describe('the resource monitor', () => {
  it('reads this process, before and after its first sample, and keeps a minute', () => {
    const clock = new FakeClock();
    const monitor = new ResourceMonitor(clock);
    monitor.start();
    monitor.start();
    clock.advance(1_000);
    const first = monitor.read();
    expect(first).toMatchObject({ windowMs: 1_000, gcPauses: expect.any(Number) as number });
    expect(first.rssBytes).toBeGreaterThan(first.heapUsedBytes);
    expect(first.heapLimitBytes).toBeGreaterThan(first.heapUsedBytes);
    expect(first.loopDelayP99Ms).toBeGreaterThanOrEqual(0);
    clock.advance(600_000);
    const later = monitor.read();
    expect(later.windowMs).toBe(56_000);
    expect(later.cpuUtilization).toBeGreaterThanOrEqual(0);
    monitor.stop();
    expect(clock.pendingAlarms).toBe(0);
  });
});
