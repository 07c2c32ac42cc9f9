import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { alerts, alertsOf, aService } from './events.js';
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
    const { body } = await app.get(`${STATS}/lanes?limit=1`);
    expect(body.items).toHaveLength(1);
    expect(body.others).toBeGreaterThan(0);
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
