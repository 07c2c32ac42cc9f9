import type { MonitoringEventInput } from '@distributary/contracts';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { RecordingPublisher } from '../testing/published-events.js';
import {
  DEFAULT_OBJECTIVES,
  DeliveryPeriod,
  type DeliveryWindow,
  latencyStatus,
  successStatus,
} from './delivery-slo.js';
import { SloPublisher } from './slo-publisher.js';

const measured = (change: Partial<DeliveryWindow> = {}): DeliveryWindow => ({
  delivered: 10_000,
  failed: 0,
  p99Ms: 5,
  windowMs: 60_000,
  ...change,
});

describe('the latency objective', () => {
  it.each([
    [5, 'compliant'],
    [16, 'at_risk'],
    [19.99, 'at_risk'],
    [20, 'violated'],
  ])('p99 of %d ms is %s', (p99Ms, state) => {
    expect(latencyStatus(measured({ p99Ms }), DEFAULT_OBJECTIVES)).toMatchObject({
      state,
      value: p99Ms,
      objective: 20,
    });
  });

  it('says nothing good about nothing', () => {
    const nothing = measured({ delivered: 0, p99Ms: 0 });
    expect(latencyStatus(nothing, DEFAULT_OBJECTIVES)).toMatchObject({ state: 'no_data', value: undefined });
    expect(successStatus(nothing, nothing, DEFAULT_OBJECTIVES)).toMatchObject({ state: 'no_data', value: undefined });
  });
});

describe('the success objective', () => {
  it('is compliant within its budget and says how much is left', () => {
    const status = successStatus(
      measured({ delivered: 19_999, failed: 1 }),
      measured({ delivered: 99_999, failed: 1 }),
      DEFAULT_OBJECTIVES,
    );
    expect(status.state).toBe('compliant');
    expect(status.burnRate).toBeCloseTo(0.5, 3);
    expect(status.budgetRemaining).toBeCloseTo(0.9, 3);
  });

  it('is at risk while the window burns too fast, and violated when the budget is gone', () => {
    const window = measured({ delivered: 9_998, failed: 2 });
    expect(successStatus(window, measured({ delivered: 99_998, failed: 2 }), DEFAULT_OBJECTIVES).state).toBe('at_risk');
    expect(successStatus(window, window, DEFAULT_OBJECTIVES).state).toBe('violated');
  });

  it('sums windows that do not overlap, over its period', () => {
    const period = new DeliveryPeriod(180_000);
    const window = measured({ delivered: 100, failed: 1 });
    expect(period.add(window, 0)).toEqual({ delivered: 100, failed: 1 });
    expect(period.add(measured({ delivered: 110, failed: 0 }), 30_000)).toEqual({ delivered: 110, failed: 1 });
    expect(period.add(window, 60_000)).toEqual({ delivered: 200, failed: 2 });
    expect(period.add(window, 120_000)).toEqual({ delivered: 300, failed: 3 });
    expect(period.add(window, 180_000)).toEqual({ delivered: 300, failed: 3 });
  });
});

describe('the SLO publisher', () => {
  it('publishes both objectives every ten seconds', async () => {
    const clock = new FakeClock();
    const published: MonitoringEventInput[] = [];
    let window = measured({ delivered: 0, p99Ms: 0 });
    const outbox = { add: (events: readonly MonitoringEventInput[]) => void published.push(...events) };
    const slo = new SloPublisher({ summary: () => window }, outbox, clock, { sourceWord: 'node-1-gateway' });
    expect(slo.current()).toEqual([]);
    slo.start();
    clock.advance(10_000);
    await until('the first', () => published.length === 2);
    window = measured({ delivered: 3, failed: 1 });
    await until('the second', () => {
      clock.advance(10_000);
      return published.length === 4;
    });
    await slo.stop();
    expect(clock.pendingAlarms).toBe(0);
    expect(published.map(({ data }) => [data.slo_name, data.state, data.current_value])).toEqual([
      ['delivery-latency', 'no_data', undefined],
      ['delivery-success', 'no_data', undefined],
      ['delivery-latency', 'compliant', 5],
      ['delivery-success', 'violated', 0.75],
    ]);
    expect(new Set(published.map(({ routing }) => routing?.routing_key))).toEqual(
      new Set(['monitoring-distribution.slo.node-1-gateway']),
    );
    expect(slo.current().map((status) => status.state)).toEqual(['compliant', 'violated']);
    await expect(new RecordingPublisher().publish(published)).resolves.toEqual([]);
  });
});
