import { FakeClock, settle } from '@distributary/distribution-core/testing';
import { loadConfig, performanceConfig } from '@distributary/distribution-nest';
import { parseMonitoringEvents } from '../events/monitoring-event.js';
import type { PerformanceSample } from '@distributary/distribution-service';
import { PerformancePublisher } from './performance-publisher.js';
import { performanceRules } from './performance-rules.js';

const SAMPLE: PerformanceSample = {
  latencyP99Ms: 3.2,
  successRatio: 1,
  serverErrorRatio: 0,
  eventsPerSecond: 10,
  deliveriesPerSecond: 100,
  lagEvents: 7,
  heapUsedRatio: 0.2,
};

describe('the performance of the service', () => {
  it('is published as METRICS that anybody could publish', async () => {
    const clock = new FakeClock();
    const published: unknown[] = [];
    const publisher = new PerformancePublisher(
      () => SAMPLE,
      { publish: async (inputs) => (published.push(...inputs), []) },
      clock,
      { intervalMs: 1_000, hostname: 'my host.example' },
    );
    publisher.start();
    clock.advance(1_000);
    await settle(clock);
    await publisher.stop();
    const events = parseMonitoringEvents(published);
    expect(Object.fromEntries(events.map(({ data }) => [data.metric_name, data.current_value]))).toMatchObject({
      'delivery.latency_p99_ms': 3.2,
      'delivery.lag_events': 7,
      'process.heap_used_ratio': 0.2,
    });
    expect(new Set(events.map(({ routing }) => routing?.routing_key))).toEqual(
      new Set(['monitoring-distribution.metric.my_host_example']),
    );
    const metrics = new Set(events.map(({ data }) => data.metric_name));
    for (const { metric } of performanceRules(loadConfig({}, performanceConfig))) expect(metrics).toContain(metric);
  });

  it('has a key of its own for each process of a machine', async () => {
    const clock = new FakeClock();
    const published: unknown[] = [];
    const publisher = new PerformancePublisher(
      () => SAMPLE,
      { publish: async (inputs) => (published.push(...inputs), []) },
      clock,
      { intervalMs: 1_000, hostname: 'host', processName: 'gateway-2' },
    );
    publisher.start();
    clock.advance(1_000);
    await settle(clock);
    await publisher.stop();
    const [event] = parseMonitoringEvents(published);
    expect(event.routing?.routing_key).toBe('monitoring-distribution.metric.host-gateway-2');
    expect(event.data).toMatchObject({ labels: { host: 'host', process: 'gateway-2' } });
  });

  it('has rules that clear on the good side of their thresholds', () => {
    const rules = performanceRules(loadConfig({ ALERT_LATENCY_MS: '10', ALERT_AFTER_MS: '5' }, performanceConfig));
    expect(rules.find(({ id }) => id === 'delivery-late')).toMatchObject({ threshold: 10, clear: 8, forMs: 5 });
    for (const { comparison, threshold, clear } of rules) {
      expect(comparison === 'above' ? clear < threshold : clear > threshold).toBe(true);
    }
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  });
});
