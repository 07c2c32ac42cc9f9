import { monitoringDistributionSchema } from '@distributary/contracts';
import type { CloudEvent, MetricPoint } from '@distributary/distribution-nest';
import { alertEventOf } from './alertmanager/alert-event.js';
import { monitoringInputsOf } from './cloudevents/monitoring-input.js';
import { metricEventOf } from './otlp/metric-event.js';

const point: MetricPoint = {
  service: 'billing',
  resource: { 'service.name': 'billing', 'host.name': 'h1', 'process.pid': '7' },
  scope: '',
  name: 'queue.depth',
  unit: '',
  kind: 'gauge',
  temporality: undefined,
  isMonotonic: undefined,
  attributes: { queue: 'a' },
  droppedAttributes: 0,
  timeNanos: 1_750_500_000_123_456_789n,
  startNanos: undefined,
  value: 3,
  distribution: undefined,
};

describe('a data point as an event', () => {
  it('has no more than it says, and the time to the microsecond', () => {
    const event = metricEventOf(point);
    expect(event).toEqual({
      event_id: expect.stringMatching(/^otlp_[0-9a-f]{40}$/),
      timestamp: '2025-06-21T10:00:00.123456Z',
      data_type: 'METRICS',
      data: {
        service_name: 'billing',
        metric_name: 'queue.depth',
        current_value: 3,
        labels: { 'host.name': 'h1', queue: 'a' },
        metric_kind: 'gauge',
      },
      routing: { routing_key: expect.stringMatching(/^billing\.metric\.[0-9a-f]{16}$/) },
      metadata: { source_service: 'billing' },
    });
    expect(monitoringDistributionSchema.safeParse(event).success).toBe(true);
  });

  it('says everything that there is', () => {
    const full = {
      ...point,
      service: `my.service ${'x'.repeat(200)}`,
      scope: 'lib',
      unit: 'u'.repeat(40),
      kind: 'sum' as const,
      temporality: 'delta' as const,
      isMonotonic: true,
      startNanos: 1_750_500_000_000_000_000n,
      droppedAttributes: 2,
      distribution: { count: 1 },
      timeNanos: undefined,
    };
    const event = metricEventOf(full);
    expect(event.timestamp).toBeUndefined();
    expect(event.data).toMatchObject({
      unit: 'u'.repeat(32),
      metric_kind: 'sum',
      temporality: 'delta',
      is_monotonic: true,
      started_at: '2025-06-21T10:00:00.000000Z',
      scope: 'lib',
      dropped_attributes: 2,
      sum: { count: 1 },
    });
    expect(monitoringDistributionSchema.safeParse(event).success).toBe(true);
    expect(metricEventOf({ ...point, service: '' }).data).toMatchObject({ service_name: 'unknown_service' });
  });

  it('has one key for each series and one id for each point', () => {
    const ids = [point, { ...point }, { ...point, value: 4 }, { ...point, timeNanos: 1n }].map(metricEventOf);
    expect(new Set(ids.map(({ event_id }) => event_id)).size).toBe(3);
    expect(new Set(ids.map(({ routing }) => routing?.routing_key)).size).toBe(1);
    // Without a time, a figure that stays the same is no copy of itself: each is given an id of its own.
    expect(metricEventOf({ ...point, timeNanos: undefined }).event_id).toBeUndefined();
    const other = metricEventOf({ ...point, attributes: { queue: 'b' } });
    expect(other.routing?.routing_key).not.toBe(ids[0].routing?.routing_key);
  });
});

describe('an alert of Alertmanager as an event', () => {
  const alert = { status: 'firing' as const, labels: {}, startsAt: '2026-01-01T00:00:00Z' };

  it('is one even if it says next to nothing', () => {
    const event = alertEventOf(alert);
    expect(event).toMatchObject({
      data: { service_name: 'alertmanager', severity: 'WARNING', status: 'raised', rule_id: 'alert', message: 'alert' },
    });
    expect(monitoringDistributionSchema.safeParse(event).success).toBe(true);
    expect(alertEventOf({ ...alert, labels: { a: '1' } }).event_id).not.toBe(event.event_id);
  });

  it('keeps labels and annotations within bounds, and an end only if it is known', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`label${at}`, 'x'.repeat(300)]));
    const event = alertEventOf({
      ...alert,
      status: 'resolved',
      labels: { ...many, job: 'api', severity: '' },
      annotations: { description: 'd', summary: '' },
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://x',
      fingerprint: 'abc',
    });
    const data = event.data as unknown as { labels: Record<string, string> };
    expect(data).toMatchObject({ service_name: 'api', message: 'd', generator_url: 'http://x', status: 'resolved' });
    expect(data).not.toHaveProperty('resolved_at');
    expect(Object.keys(data.labels)).toHaveLength(64);
    expect(monitoringDistributionSchema.safeParse(event).success).toBe(true);
  });
});

describe('a CloudEvent as an event', () => {
  const cloudEvent: CloudEvent = {
    id: '1',
    source: 'urn:service:billing',
    type: 'com.example.incident.opened',
    subject: undefined,
    time: undefined,
    extensions: {},
    data: undefined,
  };
  const input = (more: Partial<CloudEvent>) => monitoringInputsOf([{ ...cloudEvent, ...more }])[0];

  it.each([
    ['distributary.metrics', 'depth', { data_type: 'METRICS', data: { metric_name: 'depth' } }],
    ['com.example.alert.resolved', 'a1', { data_type: 'ALERTS', data: { alert_id: 'a1', status: 'resolved' } }],
    ['com.example.incident.opened', 'i1', { data_type: 'INCIDENTS', data: { incident_id: 'i1', status: 'opened' } }],
    ['slo', 's1', { data_type: 'SLO_STATUS', data: { slo_name: 's1' } }],
    ['x.infrastructure_status', 'db', { data_type: 'INFRASTRUCTURE_STATUS', data: { component: 'db' } }],
    ['x/optimization', 'q', { data_type: 'PERFORMANCE_OPTIMIZATION', data: { subject: 'q' } }],
  ])('of type %s about %s', (type, subject, expected) => {
    expect(input({ type, subject })).toMatchObject(expected);
  });

  it('takes what the extensions say, and data that is no object as a value', () => {
    expect(input({ extensions: { severity: 'high', partitionkey: 'a.b' }, data: 7, source: '/' })).toEqual({
      event_id: '/#1',
      data_type: 'INCIDENTS',
      data: { service_name: '/', status: 'opened', value: 7 },
      routing: { routing_key: 'a.b' },
      metadata: { source_service: '/', severity: 'high' },
    });
  });

  it('has an id that is short enough whatever its source is', () => {
    const { event_id } = input({ source: `/${'x'.repeat(900)}` }) as { event_id: string };
    expect(event_id).toMatch(/^ce_[0-9a-f]{64}$/);
  });

  it('of no data type is refused', () => {
    expect(() => input({ type: 'constructor' })).toThrow(/must have one of the words/);
  });
});
