import { until } from '@distributary/distribution-core/testing';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aMetric, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

interface HistoryPage {
  readonly events: readonly { readonly event_id: string }[];
  readonly cursor: string;
  readonly has_more: boolean;
}

describe('history over REST', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const page = async (query: Readonly<Record<string, string>>): Promise<HistoryPage> => {
    const { status, body } = await app.get(`/api/v1/monitoring/events?${new URLSearchParams(query).toString()}`);
    if (status !== 200) throw new Error(`history answered ${status}: ${JSON.stringify(body)}`);
    return body as unknown as HistoryPage;
  };

  it('comes page by page, each event once, and a stream goes on where it ends', async () => {
    const service = aService();
    const sent = alerts(service, 7);
    await app.publish(...sent.slice(0, 5), aMetric(service));
    const selection = { services: service, data_types: 'ALERTS' };
    const found: string[] = [];
    let last = await page({ ...selection, limit: '2' });
    for (;;) {
      found.push(...idsOf(last.events));
      if (!last.has_more) break;
      last = await page({ ...selection, limit: '2', cursor: last.cursor });
    }
    expect(found).toEqual(idsOf(sent.slice(0, 5)));

    await app.publish(sent[5]);
    const stream = await webSocketDoor.open(app, { ...alertsOf(service), start: { cursor: last.cursor } });
    await stream.record.next('subscribed');
    await app.publish(sent[6]);
    await until('the last alert', () => stream.record.received().length >= 2);
    expect(idsOf(stream.record.received())).toEqual(idsOf(sent.slice(5)));
    await stream.close();
  });

  it('can begin at a time, and be narrowed by a filter', async () => {
    const service = aService();
    await app.publish(aMetric(service, 1));
    const from = new Date(Date.now() + 60_000).toISOString();
    expect((await page({ services: service, from })).events).toEqual([]);
    await app.publish(aMetric(service, 2, 'other'));
    const { events } = await page({ services: service, filter: 'metric == "other"' });
    expect(events).toHaveLength(1);
  });

  it('says what is wrong with a request, every problem with its path', async () => {
    const { status, body } = await app.get('/api/v1/monitoring/events?limit=0&from=yesterday');
    expect(status).toBe(400);
    expect((body.errors as { path: string }[]).map((problem) => problem.path).sort()).toEqual(['from', 'limit']);
    expect((await app.get('/api/v1/monitoring/events?cursor=v1.nonsense')).status).toBe(400);
    expect((await app.get('/api/v1/monitoring/events?patterns=nowhere/at/all')).status).toBe(404);
  });
});
