import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { alerts, alertsOf, aMetric, aService } from './events.js';
import { TestApp } from './harness.js';

interface Figures {
  readonly events: number;
  readonly deliveries: number;
  readonly delivery_ratio: number | null;
  readonly latency_ms: { readonly p50: number; readonly p99: number } | null;
}
type Windows = Readonly<Record<'1m' | '5m' | '1h', Figures>>;

const STATS = '/api/v1/monitoring/stats';
const CRITICAL = 'monitoring/alerts/critical';

describe('performance figures', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const listed = async <Row>(list: string): Promise<Row[]> =>
    (await app.get(`${STATS}/${list}`)).body.items as unknown as Row[];

  it('say what came in, what went out and how late, by topic, lane, tenant and subscription', async () => {
    const service = aService();
    const readers = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, app, alertsOf(service))));
    await app.publish(...alerts(service, 10));
    for (const reader of readers) await reader.record.events(10);

    const due = 10 * STREAM_DOORS.length;
    const topic = async () => (await app.get(`${STATS}/topics/${encodeURIComponent(CRITICAL)}`)).body;
    const { windows } = (await topic()) as unknown as { windows: Windows };
    for (const window of ['1m', '5m', '1h'] as const) {
      expect(windows[window].events).toBeGreaterThanOrEqual(10);
      expect(windows[window].deliveries).toBeGreaterThanOrEqual(due);
      expect(windows[window].delivery_ratio).toBe(1);
      expect(windows[window].latency_ms?.p99).toBeGreaterThan(0);
    }

    const whole = await app.get(`${STATS}/performance`);
    expect(whole.status).toBe(200);
    const { windows: all, resources } = whole.body as unknown as { windows: Windows; resources: object };
    expect(all['1m'].deliveries).toBeGreaterThanOrEqual(due);
    expect(resources).toMatchObject({ subscriptions: STREAM_DOORS.length });
    expect((resources as { rss_bytes: number }).rss_bytes).toBeGreaterThan(10_000_000);

    const topics = await listed<Figures & { topic: string }>('topics?window=5m');
    expect(topics.find((row) => row.topic === CRITICAL)?.deliveries).toBeGreaterThanOrEqual(due);
    const lanes = await listed<Figures & { topic: string; partition: number }>('lanes');
    const ofTopic = lanes.filter((row) => row.topic === CRITICAL);
    expect(ofTopic.reduce((sum, row) => sum + row.deliveries, 0)).toBeGreaterThanOrEqual(due);
    expect(await listed('tenants')).toMatchObject([{ tenant: 'default' }]);
    const subscriptions = await listed<{ sent: number; lag_events: number; state: string }>('subscriptions');
    expect(subscriptions).toHaveLength(STREAM_DOORS.length);
    for (const row of subscriptions) expect(row).toMatchObject({ sent: 10, lag_events: 0, state: 'live' });
    for (const reader of readers) await reader.close();
  });

  it('keep lists short, and count what they leave out', async () => {
    const service = aService();
    const reader = await subscribed(STREAM_DOORS[0], app, { services: [service] });
    await app.publish(aMetric(service), ...alerts(service, 1));
    await reader.record.events(2);
    const { body } = await app.get(`${STATS}/lanes?limit=1`);
    expect(body.items).toHaveLength(1);
    expect(body.others).toBeGreaterThan(0);
    await reader.close();
  });

  it('refuse windows that there are not, and topics that nobody knows', async () => {
    expect(await app.get(`${STATS}/lanes?window=2m&limit=0`)).toMatchObject({
      status: 400,
      body: { code: 'request.invalid', errors: [{ path: 'window' }, { path: 'limit' }] },
    });
    expect(await app.get(`${STATS}/topics/no%2Fsuch`)).toMatchObject({
      status: 404,
      body: { code: 'topic.not_found' },
    });
  });
});

describe('a service whose figures go wrong', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      PERFORMANCE_INTERVAL_MS: '100',
      ALERT_LAG_EVENTS: '20',
      ALERT_AFTER_MS: '0',
      SLA_WRITE_INTERVAL_MS: '100',
    });
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('raises an alert that flows through the service itself, and resolves it', async () => {
    const service = aService();
    const watcher = await subscribed(STREAM_DOORS[0], app, {
      ...alertsOf('monitoring-distribution'),
      filter: 'data.rule_id == "subscription-lagging"',
    });
    // It takes one event, and then nothing until it is given credit.
    const [commands] = COMMAND_DOORS;
    const behind = await commands.connect(app);
    behind.send('subscribe', { id: 'b', ...alertsOf(service), credit: 1, slow_policy: 'block' });
    await behind.record.next('subscribed');
    await app.publish(...alerts(service, 60));
    const [raised] = await watcher.record.events(1);
    expect(raised.data).toMatchObject({ rule_id: 'subscription-lagging', status: 'raised', severity: 'WARNING' });
    const active = await until('the alert to be active', async () => {
      const { body } = await app.get('/api/v1/monitoring/alerts/active?service=monitoring-distribution');
      const found = (body as unknown as { rule_id: string }[]).find(
        ({ rule_id }) => rule_id === 'subscription-lagging',
      );
      return found;
    });
    expect(active).toBeDefined();
    behind.send('credit', { id: 'b', events: 1_000 });
    const [, resolved] = await watcher.record.events(2);
    expect(resolved.data).toMatchObject({ rule_id: 'subscription-lagging', status: 'resolved' });
    await behind.close();
    await watcher.close();
  });

  it('keeps service levels by topic and day, over a restart', async () => {
    const service = aService();
    const reader = await subscribed(STREAM_DOORS[0], app, alertsOf(service));
    await app.publish(...alerts(service, 10));
    await reader.record.events(10);
    await reader.close();
    const kept = async () => {
      const { status, body } = await app.get(`${STATS}/sla?topic=${encodeURIComponent(CRITICAL)}`);
      expect(status).toBe(200);
      return (body.items as unknown as Record<string, unknown>[])[0];
    };
    const before = await until('the row', async () => {
      const row = await kept();
      // Those that catch up are sent events without a latency.
      return row !== undefined && Number(row.deliveries) >= 10 && row.latency_ms !== null ? row : undefined;
    });
    expect(before).toMatchObject({ topic: CRITICAL, day: new Date().toISOString().slice(0, 10), failed: 0 });
    expect(before.delivery_ratio).toBe(1);
    expect((before.latency_ms as { p99: number }).p99).toBeGreaterThan(0);
    await app.restart();
    const again = await subscribed(STREAM_DOORS[0], app, alertsOf(service));
    await app.publish(...alerts(service, 10, 10));
    await again.record.events(10);
    await until(
      'both runs to be counted',
      async () => Number((await kept()).deliveries) >= Number(before.deliveries) + 10,
    );
    await again.close();
    expect(await app.get(`${STATS}/sla?from=2026-11-21&to=2026-11-20`)).toMatchObject({
      status: 400,
      body: { code: 'request.invalid', errors: [{ path: 'to' }] },
    });
    expect((await app.get(`${STATS}/sla?from=2020-01-01&to=2020-01-02`)).body.items).toEqual([]);
  }, 60_000);
});
