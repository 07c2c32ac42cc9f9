import { until } from '@distributary/distribution-core/testing';
import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { alertsOf, aService } from './events.js';
import { TestApp } from './harness.js';

const WEBHOOK = '/api/v1/monitoring/alertmanager/webhook';
const SINCE = '2026-01-02T03:04:05.678Z';

function notification(service: string, status: 'firing' | 'resolved', more: object = {}, labels: object = {}) {
  return {
    version: '4',
    groupKey: '{}',
    status,
    receiver: 'us',
    alerts: [
      {
        status,
        labels: { alertname: 'QueueTooLong', service, severity: 'page', ...labels },
        annotations: { summary: 'the queue is too long' },
        startsAt: SINCE,
        endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-01-02T03:14:05.678Z',
        generatorURL: 'http://prometheus.example/graph',
        fingerprint: `f${service}`.slice(0, 16),
      },
    ],
    ...more,
  };
}

describe('notifications of Alertmanager', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const active = async (service: string) =>
    (await app.get(`/api/v1/monitoring/alerts/active?service=${service}`)).body as unknown as readonly object[];

  it('become alerts at every door, active until they are resolved, however often they are repeated', async () => {
    const service = aService();
    const readers = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, app, alertsOf(service))));
    const first = await app.post(WEBHOOK, notification(service, 'firing'));
    expect(first).toMatchObject({ status: 202, body: { truncated_alerts: 0, results: [{ duplicate: false }] } });
    const again = await app.post(WEBHOOK, notification(service, 'firing'));
    expect(again).toMatchObject({ status: 202, body: { results: [{ duplicate: true }] } });
    await until('the alert', async () => (await active(service)).length === 1);
    expect(await active(service)).toMatchObject([
      { service_name: service, severity: 'CRITICAL', rule_id: 'QueueTooLong', started_at: SINCE },
    ]);
    await app.post(WEBHOOK, notification(service, 'resolved'));
    await until('its end', async () => (await active(service)).length === 0);
    for (const reader of readers) {
      expect(await reader.record.events(2)).toMatchObject([
        {
          distribution: { topic: 'monitoring/alerts/critical' },
          data: { status: 'raised', message: 'the queue is too long', labels: { severity: 'page' } },
          metadata: { source_service: 'alertmanager', severity: 'CRITICAL', urgency: 'HIGH' },
        },
        { data: { status: 'resolved', resolved_at: '2026-01-02T03:14:05.678Z' } },
      ]);
      await reader.close();
    }
  });

  it.each([
    ['warning', 'monitoring/alerts/warning'],
    ['none', 'monitoring/alerts/info'],
    ['', 'monitoring/alerts/warning'],
  ])('with severity %j go to %s', async (severity, topic) => {
    const { body } = await app.post(WEBHOOK, notification(aService(), 'firing', {}, { severity }));
    expect(body.results).toMatchObject([{ topic }]);
  });

  it('that leave alerts out are counted', async () => {
    const { body } = await app.post(WEBHOOK, notification(aService(), 'firing', { truncatedAlerts: 7 }));
    expect(body.truncated_alerts).toBe(7);
    const figures = (await app.get('/metrics')).body.text as string;
    expect(figures).toMatch(/^alertmanager_truncated_alerts_total(\{[^}]*\})? 7$/m);
  });

  it('of another version, or of another shape, are refused with every problem', async () => {
    const { status, body } = await app.post(WEBHOOK, { version: '3', alerts: [{ status: 'on', labels: { a: 1 } }] });
    expect(status).toBe(400);
    expect((body.errors as { path: string }[]).map(({ path }) => path)).toEqual([
      'version',
      'alerts[0].status',
      'alerts[0].labels.a',
      'alerts[0].startsAt',
    ]);
  });
});
