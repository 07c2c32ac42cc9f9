import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { aMetric, aService } from './events.js';
import { TestApp } from './harness.js';

/** The example of the specification, sent as its `MonitoringDistribution` by the service that it names. */
const SENT = {
  event_id: '5f0c3c5e-3b5c-4a53-9d7e-0c5a2f0f9a11',
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

/** The example of `monitoring_data_distributed`, field by field, and the data type. */
const DISTRIBUTED = {
  event_id: '5f0c3c5e-3b5c-4a53-9d7e-0c5a2f0f9a11',
  timestamp: '2025-06-21T10:00:00.000Z',
  data_type: 'ALERTS',
  distribution: {
    topic: 'monitoring/alerts/critical',
    routing_key: 'portfolio_mgmt.alert.critical',
    target_subscribers: ['incident_management', 'user_interface'],
    priority: 1,
  },
  data: {
    alert_id: 'alert_20250621_001',
    service_name: 'portfolio_management_service',
    severity: 'CRITICAL',
    metric_name: 'response_time_p99',
    current_value: 5000,
    threshold: 1000,
  },
  metadata: {
    source_service: 'intelligent_alerting_service',
    severity: 'CRITICAL',
    urgency: 'HIGH',
    retention_policy: '30d',
  },
};

const SELECTION = { services: ['portfolio_management_service'], data_types: ['ALERTS'] };

describe('the event that a subscriber gets', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    await app.publish(SENT);
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it.each(STREAM_DOORS)('over $name has the shape of the specification, field by field', async (door) => {
    const [subscriber] = DISTRIBUTED.distribution.target_subscribers;
    const selection = { ...SELECTION, subscriber_service: subscriber, start: 'earliest' } as const;
    const reader = await subscribed(door, app, selection);
    expect(await reader.record.events(1)).toEqual([DISTRIBUTED]);
    await reader.close();
  });

  it.each(STREAM_DOORS)('over $name is the same live, from the log and from a snapshot', async (door) => {
    const service = aService();
    const selection = { services: [service], data_types: ['METRICS'] };
    const live = await subscribed(door, app, selection);
    const event = aMetric(service, 1.25, 'ratio', { timestamp: '2025-06-21T10:00:00.000Z' });
    await app.publish(event);
    const [seen] = await live.record.events(1);
    expect(seen).toMatchObject({ event_id: event.event_id, data: event.data });
    for (const start of ['earliest', 'snapshot'] as const) {
      const later = await subscribed(door, app, { ...selection, start });
      expect(await later.record.events(1)).toEqual([seen]);
      await later.close();
    }
    await live.close();
  });

  it('has what its producer left out filled in', async () => {
    const [door] = STREAM_DOORS;
    const reader = await subscribed(door, app, { services: ['pricing_service'], data_types: ['METRICS'] });
    const data = { metric_name: 'quotes_per_s', current_value: 12.5, unit: '1/s' };
    await app.publish({ event_id: 'e-1', data_type: 'METRICS', data, metadata: { source_service: 'pricing_service' } });
    const [event] = await reader.record.events(1);
    expect(event).toEqual({
      event_id: 'e-1',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data_type: 'METRICS',
      distribution: {
        topic: 'monitoring/metrics',
        routing_key: 'pricing_service.metric',
        target_subscribers: [],
        priority: 5,
      },
      data: { service_name: 'pricing_service', ...data },
      metadata: { source_service: 'pricing_service', retention_policy: '1d' },
    });
    await reader.close();
  });

  it('keeps fields and characters that the service does not know', async () => {
    const [door] = STREAM_DOORS;
    const reader = await subscribed(door, app, { services: ['unicode'], data_types: ['ALERTS'] });
    const data = {
      alert_id: 'ü',
      service_name: 'unicode',
      message: 'line\nbreak \u2028 "quoted" 日本 🙂',
      nested: { a: [1, null] },
    };
    await app.publish({ data_type: 'ALERTS', data, metadata: { source_service: 'unicode', region: 'eu' } });
    const [event] = await reader.record.events(1);
    expect(event.data).toEqual(data);
    expect(event.metadata).toMatchObject({ region: 'eu' });
    await reader.close();
  });
});
