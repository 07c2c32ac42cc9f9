import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { alerts, alertsOf, aService } from './events.js';
import { TestApp } from './harness.js';

describe('receipts', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ RECEIPT_INTERVAL_MS: '200' });
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('tell to how many subscriptions events went, and how fast, as events of their own topic', async () => {
    const service = aService();
    const receipts = await subscribed(STREAM_DOORS[0], app, { patterns: ['monitoring/distributed'] });
    const readers = [
      await subscribed(STREAM_DOORS[0], app, alertsOf(service)),
      await subscribed(STREAM_DOORS[0], app, alertsOf(service)),
    ];
    await app.publish(...alerts(service, 3));
    await Promise.all(readers.map((reader) => reader.record.events(3)));
    const [event] = (await receipts.record.events(1)) as { data: Record<string, unknown> }[];
    expect(event.data).toMatchObject({
      service_name: 'monitoring-distribution',
      topic: expect.stringMatching(/^monitoring\/alerts\//),
      deliveries: expect.any(Number),
      subscribers_notified: 2,
      position: expect.any(String),
    });
    expect((event.data.distribution_latency_ms as { max: number }).max).toBeGreaterThan(0);
    for (const reader of [...readers, receipts]) await reader.close();
  });
});
