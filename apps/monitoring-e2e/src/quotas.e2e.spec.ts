import { NO_QUOTA } from '@distributary/distribution-service/testing';
import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { connectWebSocket } from './doors/web-socket.js';
import { alerts, alertsOf, anAlert, aService } from './events.js';
import { TestApp } from './harness.js';

const QUOTA = '/api/v1/monitoring/tenants/default/quota';

describe('the quota of a tenant', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);
  afterEach(() => app.put(QUOTA, NO_QUOTA));

  const set = async (quota: object) => {
    const { status, body } = await app.put(QUOTA, { ...NO_QUOTA, ...quota });
    expect(status).toBe(200);
    return body;
  };

  /** The service's own dead letters do not count. */
  const topicCount = async () => {
    const { body } = await app.get('/api/v1/monitoring/topics?limit=500');
    return (body.items as { name: string }[]).filter(({ name }) => name !== 'monitoring/dead-letters').length;
  };

  it('is the default until it is set, and shows what is used', async () => {
    const other = await app.get('/api/v1/monitoring/tenants/acme/quota');
    expect(other).toMatchObject({ status: 200, body: { tenant: 'acme', quota: NO_QUOTA, is_default: true } });
    await set({ topics: 100 });
    const { body } = await app.get(QUOTA);
    expect(body).toMatchObject({ quota: { ...NO_QUOTA, topics: 100 }, is_default: false, updated_by: 'local' });
    expect(body.usage).toMatchObject({ topics: await topicCount(), durable_subscriptions: 0, connections: 0 });
    const { body: log } = await app.get('/api/v1/monitoring/audit?act=quotas.put&limit=1');
    expect((log.items as object[])[0]).toMatchObject({
      target: 'default',
      before: NO_QUOTA,
      after: { is_default: false },
    });
  });

  it('must be whole, and of numbers', async () => {
    expect(await app.put(QUOTA, { topics: -1, more: 1 })).toMatchObject({
      status: 400,
      body: { code: 'request.invalid' },
    });
    expect((await app.get('/api/v1/monitoring/tenants/%40x/quota')).status).toBe(400);
  });

  it('bounds topics and durable subscriptions', async () => {
    const topics = await topicCount();
    await set({ topics, durable_subscriptions: 0 });
    const topic = { name: 'monitoring/one-too-many', data_type: 'METRICS' };
    expect(await app.post('/api/v1/monitoring/topics', topic)).toMatchObject({
      status: 429,
      body: { code: 'quota.exceeded' },
    });
    await set({ topics: topics + 1, durable_subscriptions: 0 });
    expect((await app.post('/api/v1/monitoring/topics', topic)).status).toBe(201);
    const client = await connectWebSocket(app);
    client.send('subscribe', { id: 's', name: 'one-too-many', data_types: ['ALERTS'] });
    expect(await client.record.next('error')).toMatchObject({ id: 's', code: 'quota.exceeded' });
    await client.close();
  });

  it('bounds what is published, in events and in bytes, and says when to come back', async () => {
    const service = aService();
    for (const quota of [{ ingest_events_per_second: 5 }, { ingest_bytes_per_second: 2_000 }]) {
      await set(quota);
      // More than a second's worth is possible once, and has to be made up for.
      await app.publish(...alerts(service, 20));
      const { status, headers, body } = await app.post('/api/v1/monitoring/events', anAlert(service));
      expect([status, body.code]).toEqual([429, 'quota.exceeded']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      await set({});
      await app.publish(anAlert(service));
    }
    const { body } = await app.get(QUOTA);
    expect(Number((body.usage as { ingest_events_per_second: number }).ingest_events_per_second)).toBeGreaterThan(1);
  });

  it.each(STREAM_DOORS.map((door) => [door.name, door] as const))('bounds streams: %s', async (_name, door) => {
    const service = aService();
    await set({ connections: 1 });
    const first = await subscribed(door, app, alertsOf(service));
    const second = await door.open(app, alertsOf(service));
    await second.record.ended();
    await set({});
    const third = await subscribed(door, app, alertsOf(service));
    await Promise.all([first.close(), third.close()]);
  });

  it('bounds what is sent, and loses nothing by it', async () => {
    const service = aService();
    await set({ egress_bytes_per_second: 40_000 });
    const readers = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, app, alertsOf(service))));
    const began = performance.now();
    const sent = alerts(service, 60);
    for (const event of sent) await app.publish(event);
    for (const reader of readers) {
      const events = await reader.record.events(sent.length);
      expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(sent.length);
    }
    // Some 60 events of 500 bytes for each of the readers.
    expect(performance.now() - began).toBeGreaterThan(1_000);
    const { body } = await app.get(QUOTA);
    expect((body.usage as { egress_bytes_per_second: number }).egress_bytes_per_second).toBeGreaterThan(0);
    await Promise.all(readers.map((reader) => reader.close()));
  }, 60_000);
});
