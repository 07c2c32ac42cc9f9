import { FakeClock } from '../../testing/fake-clock.js';
import { type MeasuredLane, OTHER, PerformanceStatistics } from './performance-statistics.js';

const lane = (topic: string, partition = 0, tenant = 'default'): MeasuredLane => ({
  lane: { topic, partition, epoch: 'e' },
  topic: { name: topic, tenant },
});

describe('performance statistics', () => {
  it('sum lanes up to topics, tenants and the process', () => {
    const statistics = new PerformanceStatistics(new FakeClock());
    const [a0, a1, b] = [lane('a'), lane('a', 1), lane('@acme/b', 0, 'acme')];
    statistics.arrived(a0, 10, 1000);
    statistics.delivered(1, a0, 2, 10, 3);
    statistics.delivered(1, a1, 8, 5, 2);
    statistics.delivered(2, b, 4, 1, 1);
    expect(statistics.process('1m')).toMatchObject({ events: 10, deliveries: 41, deliveryRatio: 1 });
    expect(statistics.topic('a', '1h')).toMatchObject({ events: 10, deliveries: 40 });
    expect(statistics.topic('nowhere', '1m')).toMatchObject({ events: 0, deliveryRatio: undefined });
    expect(statistics.tenant('acme', '5m').deliveries).toBe(1);
    expect(statistics.topics('1m').map(({ name, deliveries }) => [name, deliveries])).toEqual([
      ['a', 40],
      ['@acme/b', 1],
    ]);
    expect(statistics.tenants('1m').map(({ name }) => name)).toEqual(['default', 'acme']);
    expect(statistics.lanesOf('1m')).toHaveLength(3);
    expect(statistics.feed(1, '1m').deliveries).toBe(40);
    expect(statistics.feed(9, '1m').deliveries).toBe(0);
    // Weighted by deliveries: 30 of 41 took 2 ms.
    expect(statistics.process('1m').latencyMs?.p50).toBeCloseTo(2, 0);
    expect(statistics.process('1m').latencyMs?.max).toBeGreaterThan(7);
  });

  it('forget what is older than the window, also after a long silence', () => {
    const clock = new FakeClock();
    const statistics = new PerformanceStatistics(clock);
    const a = lane('a');
    statistics.delivered(1, a, 5, 1, 10);
    clock.advance(90_000);
    statistics.delivered(1, a, 5, 1, 1);
    expect(statistics.process('1m').deliveries).toBe(1);
    expect(statistics.process('5m').deliveries).toBe(11);
    clock.advance(1_000_000);
    expect(statistics.process('5m')).toMatchObject({ deliveries: 0, latencyMs: undefined });
    expect(statistics.process('1h').deliveries).toBe(11);
    clock.advance(10_000_000);
    expect(statistics.process('1h').deliveries).toBe(0);
    statistics.arrived(a, 1, 1);
    expect(statistics.process('1h').events).toBe(1);
  });

  it('give rates of the time that was watched', () => {
    const clock = new FakeClock();
    const statistics = new PerformanceStatistics(clock);
    clock.advance(10_000);
    statistics.arrived(lane('a'), 100, 500);
    expect(statistics.process('1m')).toMatchObject({ coveredMs: 10_000, eventsPerSecond: 10, bytesPerSecond: 50 });
    clock.advance(3_600_000);
    // The present slot has just begun.
    expect(statistics.process('5m').coveredMs).toBe(290_000);
  });

  it('tell what was lost from what the subscriber chose to leave out', () => {
    const statistics = new PerformanceStatistics(new FakeClock());
    const a = lane('a');
    statistics.delivered(1, a, 1, 9, 1);
    statistics.lost(a, 'slow', 1);
    statistics.lost(a, 'policy', 50);
    statistics.lost(a, 'deleted', 7);
    expect(statistics.process('1m')).toMatchObject({ deliveryRatio: 0.9, errorRate: 0.1, failed: 1, dropped: 50 });
  });

  it('count what is sent to those who are behind, whose latency says nothing', () => {
    const statistics = new PerformanceStatistics(new FakeClock());
    statistics.replayed(1, lane('a'), 100);
    expect(statistics.process('1m')).toMatchObject({ deliveries: 100, latencyMs: undefined });
    expect(statistics.feed(1, '1m').deliveries).toBe(100);
  });

  it('stay bounded: further lanes share one series, silent ones make room', () => {
    const clock = new FakeClock();
    const statistics = new PerformanceStatistics(clock, { maxLanes: 3, maxFeeds: 1 });
    for (let n = 0; n < 10; n++) statistics.delivered(n, lane(`t${n}`), 1, 1, 1);
    expect(statistics.topics('1m').map(({ name }) => name)).toEqual(['t0', 't1', 't2', OTHER]);
    expect(statistics.topic(OTHER, '1m').deliveries).toBe(7);
    expect(statistics.process('1m').deliveries).toBe(10);
    expect(statistics.feed(5, '1m').deliveries).toBe(0);
    expect(statistics.takeTopics().map(({ topic }) => topic)).toEqual(['t0', 't1', 't2', OTHER]);
    clock.advance(4_000_000);
    statistics.delivered(77, lane('late'), 1, 1, 1);
    expect(statistics.topic('late', '1m').deliveries).toBe(1);
    expect(statistics.feed(77, '1m').deliveries).toBe(1);
  });

  it('give the place of a silent feed to another one within ten seconds, not by a look at all of them at each delivery', () => {
    const clock = new FakeClock();
    const statistics = new PerformanceStatistics(clock, { maxFeeds: 1 });
    const a = lane('a');
    statistics.delivered(1, a, 1, 1, 1);
    clock.advance(3_595_000);
    statistics.delivered(2, a, 1, 1, 1);
    clock.advance(6_000);
    statistics.delivered(2, a, 1, 1, 1);
    expect(statistics.feed(2, '1m').deliveries).toBe(0);
    clock.advance(4_000);
    statistics.delivered(2, a, 1, 1, 1);
    expect(statistics.feed(2, '1m').deliveries).toBe(1);
  });

  it('go on with a lane that was forgotten while it was silent', () => {
    const clock = new FakeClock();
    const statistics = new PerformanceStatistics(clock, { maxLanes: 1 });
    const a = lane('a');
    statistics.arrived(a, 1, 1);
    clock.advance(4_000_000);
    statistics.arrived(lane('b'), 1, 1);
    clock.advance(4_000_000);
    statistics.arrived(a, 5, 1);
    expect(statistics.topic('a', '1m').events).toBe(5);
  });

  it('hand each count to whoever keeps it, once', () => {
    const statistics = new PerformanceStatistics(new FakeClock());
    const a = lane('a');
    statistics.arrived(a, 2, 20);
    statistics.delivered(1, a, 3, 2, 4);
    statistics.lost(a, 'expired', 1);
    statistics.lost(a, 'policy', 2);
    const [taken] = statistics.takeTopics();
    expect(taken).toMatchObject({ topic: 'a', tenant: 'default', events: 2, deliveries: 8, failed: 1, dropped: 2 });
    expect([...(taken.latencies as Float64Array)].reduce((sum, count) => sum + count)).toBe(8);
    expect(statistics.takeTopics()).toEqual([]);
  });
});
