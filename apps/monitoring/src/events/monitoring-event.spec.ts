import { FakeClock } from '@distributary/distribution-core/testing';
import { countingIds } from '../testing/published-events.js';
import { isoOfMicros, microsOfIso } from '@distributary/distribution-service';
import { MAX_EVENT_BYTES, parseMonitoringEvents, toPublishedEvent } from './monitoring-event.js';

const clock = new FakeClock();
const published = (input: unknown) => toPublishedEvent(parseMonitoringEvents([input])[0], clock, countingIds);
const stored = (input: unknown) => JSON.parse(Buffer.from(published(input).record.value).toString()) as unknown;

const example = {
  event_id: 'uuid',
  timestamp: '2025-06-21T10:00:00.000Z',
  data_type: 'ALERTS',
  data: {
    alert_id: 'alert_20250621_001',
    service_name: 'portfolio_management_service',
    severity: 'CRITICAL',
    metric_name: 'response_time_p99',
    current_value: 5000,
    threshold: 1000,
  },
  routing: {
    topic: 'monitoring/alerts/critical',
    routing_key: 'portfolio_mgmt.alert.critical',
    target_subscribers: ['incident_management', 'user_interface'],
    priority: 1,
    delivery_guarantee: 'at_least_once',
  },
  metadata: {
    source_service: 'intelligent_alerting_service',
    severity: 'CRITICAL',
    urgency: 'HIGH',
    retention_policy: '30d',
  },
};

describe('a monitoring event on its way into the log', () => {
  it("is stored in the spec's output shape", () => {
    const { delivery_guarantee: _guarantee, ...distribution } = example.routing;
    expect(stored(example)).toEqual({
      event_id: 'uuid',
      timestamp: '2025-06-21T10:00:00.000Z',
      data_type: 'ALERTS',
      distribution,
      data: example.data,
      metadata: example.metadata,
    });
  });

  it('shows filters what they need, without the payload', () => {
    expect(published(example)).toMatchObject({
      topic: 'monitoring/alerts/critical',
      record: {
        eventId: 'uuid',
        routingKey: 'portfolio_mgmt.alert.critical',
        timeMicros: 1_750_500_000_000_000,
        attributes: {
          data_type: 'ALERTS',
          service: 'portfolio_management_service',
          severity: 'CRITICAL',
          urgency: 'HIGH',
          metric: 'response_time_p99',
          source_service: 'intelligent_alerting_service',
          priority: 1,
          alert_id: 'alert_20250621_001',
          delivery_guarantee: 'at_least_once',
        },
      },
    });
  });

  it('fills in what the producer left out, and leaves out what there is not', () => {
    const least = {
      data_type: 'METRICS',
      data: { metric_name: 'cpu.utilization', current_value: 0.5 },
      metadata: { source_service: 'svc.a' },
    };
    const { event_id: eventId, ...rest } = stored(least) as Record<string, unknown>;
    expect(eventId).toMatch(/^id-/);
    expect(rest).toEqual({
      timestamp: isoOfMicros(clock.nowMicros()),
      data_type: 'METRICS',
      distribution: { topic: 'monitoring/metrics', routing_key: 'svc_a.metric', target_subscribers: [], priority: 5 },
      data: { service_name: 'svc.a', metric_name: 'cpu.utilization', current_value: 0.5 },
      metadata: { source_service: 'svc.a', retention_policy: '1d' },
    });
    expect(published(least).record.attributes).toEqual({
      data_type: 'METRICS',
      service: 'svc.a',
      metric: 'cpu.utilization',
      source_service: 'svc.a',
      priority: 5,
    });
  });

  it.each([
    ['ALERTS', { severity: 'warn' }, 'monitoring/alerts/warning', 's.alert.warn', { alert_id: 'e' }],
    ['INCIDENTS', {}, 'monitoring/incidents', 's.incident', { incident_id: 'e' }],
    ['SLO_STATUS', { slo_name: 'p99' }, 'monitoring/slo', 's.slo', {}],
    ['INFRASTRUCTURE_STATUS', { component: 'db' }, 'monitoring/infrastructure', 's.infrastructure', {}],
    ['PERFORMANCE_OPTIMIZATION', {}, 'monitoring/optimization', 's.optimization', {}],
  ])('routes %s by data type and severity', (dataType, data, topic, key, ids) => {
    const input = { event_id: 'e', data_type: dataType, data, metadata: { source_service: 's' } };
    expect(published(input)).toMatchObject({ topic, record: { routingKey: key } });
    expect(stored(input)).toMatchObject({ data: ids });
  });

  it('names the state of an SLO and of a component, so that conflation keeps them apart', () => {
    const metricOf = (dataType: string, data: object) =>
      published({ data_type: dataType, data, metadata: { source_service: 's' } }).record.attributes.metric;
    expect(metricOf('SLO_STATUS', { slo_name: 'latency' })).toBe('latency');
    expect(metricOf('INFRASTRUCTURE_STATUS', { component: 'broker' })).toBe('broker');
    expect(metricOf('PERFORMANCE_OPTIMIZATION', {})).toBeUndefined();
  });

  it('inherits from the topic of its data type where the named topic is a stranger', () => {
    const input = { ...example, routing: { topic: 'custom/alerts' }, metadata: { source_service: 's' } };
    expect(stored(input)).toMatchObject({
      distribution: { topic: 'custom/alerts', priority: 1 },
      metadata: { retention_policy: '30d', severity: 'CRITICAL' },
    });
  });

  it('refuses one that is too large', () => {
    const data = { ...example.data, blob: 'x'.repeat(MAX_EVENT_BYTES) };
    expect(() => published({ ...example, data })).toThrow(expect.objectContaining({ code: 'payload.too_large' }));
  });

  it('lists every problem of every event', () => {
    const parse = () => parseMonitoringEvents([example, { ...example, timestamp: 'no' }, 'text']);
    expect(parse).toThrow(
      expect.objectContaining({
        code: 'request.invalid',
        problems: [
          expect.objectContaining({ path: 'events[1].timestamp' }),
          expect.objectContaining({ path: 'events[2]' }),
        ],
      }),
    );
  });
});

describe('ISO times', () => {
  it.each([
    ['2025-06-21T10:00:00Z', 1_750_500_000_000_000],
    ['2025-06-21T10:00:00.123456789Z', 1_750_500_000_123_456],
    ['2025-06-21T12:00:00.5+02:00', 1_750_500_000_500_000],
  ])('%s keeps its microseconds', (text, micros) => {
    expect(microsOfIso(text)).toBe(micros);
  });
});
