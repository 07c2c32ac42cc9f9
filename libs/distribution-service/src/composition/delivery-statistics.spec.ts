import { FakeClock } from '@distributary/distribution-core/testing';
import { DeliveryStatistics } from './delivery-statistics.js';

describe('delivery statistics', () => {
  it('weigh each latency by its deliveries', () => {
    const statistics = new DeliveryStatistics(new FakeClock());
    statistics.delivered(2, 990);
    statistics.delivered(40, 10);
    statistics.failed(3);
    const summary = statistics.summary();
    expect(summary).toMatchObject({ delivered: 1000, failed: 3, windowMs: 60_000 });
    expect(summary.p50Ms).toBeCloseTo(2, 1);
    expect(summary.maxMs).toBeGreaterThan(39);
  });

  it('forget what is older than a minute, also after a long silence', () => {
    const clock = new FakeClock();
    const statistics = new DeliveryStatistics(clock);
    statistics.delivered(5, 10);
    clock.advance(30_000);
    statistics.delivered(5, 1);
    expect(statistics.summary().delivered).toBe(11);
    clock.advance(35_000);
    expect(statistics.summary().delivered).toBe(1);
    clock.advance(10_000_000);
    expect(statistics.summary()).toMatchObject({ delivered: 0, p99Ms: 0 });
  });
});
