import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { sseDoor } from './doors/server-sent-events.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aService, idsOf } from './events.js';
import { type Reply, TestApp } from './harness.js';

const SUBSCRIPTIONS = '/api/v1/monitoring/subscriptions';
const pathOf = (name: string, rest = '') => `${SUBSCRIPTIONS}/${encodeURIComponent(name)}${rest}`;

interface Subscription {
  readonly subscription_id: string;
  readonly subscriber_service: string;
  readonly positions: readonly { readonly topic: string; readonly position: string }[];
}

describe('durable subscriptions', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const create = (name: string, more: object): Promise<Reply> =>
    app.post(SUBSCRIPTIONS, { subscription_id: name, ...more });
  const change = (name: string, body: object, headers = {}) => app.patch(pathOf(name), body, headers);
  const seek = (name: string, start: unknown) => app.post(pathOf(name, '/seek'), { start });

  it('are created with their options, read, and deleted', async () => {
    const name = randomUUID();
    const created = await create(name, {
      patterns: ['monitoring/alerts/+'],
      filter: 'severity == "CRITICAL"',
      subscriber_service: 'desk',
      ack_timeout_ms: 5_000,
    });
    expect(created).toMatchObject({
      status: 201,
      body: {
        subscription_id: name,
        subscriber_service: 'desk',
        patterns: ['monitoring/alerts/+'],
        keys: [],
        filter: { op: 'eq', attribute: 'severity', value: 'CRITICAL' },
        type: 'exclusive',
        delivery_guarantee: 'at_least_once',
        slow_policy: 'block',
        ack_timeout_ms: 5_000,
        status: 'active',
      },
    });
    expect((created.body.positions as unknown[]).length).toBe(6);
    const read = await app.get(pathOf(name));
    expect(read.body).toEqual(created.body);
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'));
    expect(await create(name, {})).toMatchObject({ status: 409, body: { code: 'subscription.exists' } });
    expect((await app.delete(pathOf(name))).status).toBe(204);
    expect(await app.get(pathOf(name))).toMatchObject({ status: 404, body: { code: 'subscription.not_found' } });
  });

  it('are created once by requests that bear the same key, at once or one after another', async () => {
    const [name, key] = [randomUUID(), randomUUID()];
    const post = (body: object) => app.post(SUBSCRIPTIONS, body, { 'idempotency-key': key });
    const answers = await Promise.all([1, 2, 3].map(() => post({ subscription_id: name })));
    const last = await post({ subscription_id: name });
    for (const answer of [...answers, last]) {
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual(last.body);
      expect(answer.headers.get('etag')).toBe(last.headers.get('etag'));
    }
    expect(last.headers.get('idempotency-replayed')).toBe('true');
    expect(await post({ subscription_id: name, type: 'failover' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency.conflict' },
    });
    expect(await app.post(SUBSCRIPTIONS, { subscription_id: name }, { 'idempotency-key': 'with space' })).toMatchObject(
      { status: 400 },
    );
  });

  it('are refused with every problem', async () => {
    const refused = await create('', { type: 'own', slow_policy: 'slow', whatever: 1 });
    expect(refused).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect((refused.body.errors as { path: string }[]).map(({ path }) => path).sort()).toEqual(
      ['', 'slow_policy', 'subscription_id', 'type'].sort(),
    );
    expect(await create(randomUUID(), { slow_policy: 'conflate' })).toMatchObject({ status: 400 });
    expect(await create(randomUUID(), { start: 'snapshot' })).toMatchObject({ status: 400 });
  });

  it('are listed page by page, and by what they are', async () => {
    const subscriber_service = aService();
    const names = [randomUUID(), randomUUID(), randomUUID()].sort();
    for (const name of names) await create(name, { subscriber_service });
    await create(randomUUID(), { subscriber_service, type: 'failover' });
    await app.post(pathOf(names[1], '/pause'), {});
    const list = async (query: string) => {
      const { body } = await app.get(`${SUBSCRIPTIONS}?subscriber_service=${subscriber_service}&${query}`);
      return body as { items: Subscription[]; has_more: boolean; cursor?: string };
    };
    const first = await list('type=exclusive&limit=2');
    expect(first).toMatchObject({ has_more: true, cursor: names[1] });
    const second = await list(`type=exclusive&limit=2&cursor=${first.cursor}`);
    expect([...first.items, ...second.items].map((item) => item.subscription_id)).toEqual(names);
    expect((await list('status=paused')).items.map((item) => item.subscription_id)).toEqual([names[1]]);
  });

  it('have changes only if they are still what the caller has seen', async () => {
    const name = randomUUID();
    const { headers } = await create(name, {});
    const seen = headers.get('etag') as string;
    expect(await change(name, { keys: ['a.*'] }, { 'if-match': seen })).toMatchObject({
      status: 200,
      body: { keys: ['a.*'] },
    });
    expect(await change(name, { keys: null }, { 'if-match': seen })).toMatchObject({
      status: 412,
      body: { code: 'precondition.failed' },
    });
    expect(await app.post(pathOf(name, '/pause'), {}, { 'if-match': seen })).toMatchObject({ status: 412 });
    expect(await app.delete(pathOf(name), { 'if-match': seen })).toMatchObject({ status: 412 });
    expect(await change(name, { keys: null })).toMatchObject({ status: 200, body: { keys: [] } });
  });

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    const receive = async (name: string, selection: object = {}) => {
      const stream = await door.connect(app);
      stream.send('subscribe', { id: 's', name, ...selection });
      const { generation } = await stream.record.next('subscribed');
      return { ...stream, generation: generation as number };
    };

    it('miss nothing that was published between their creation and their first reader', async () => {
      const [name, service] = [randomUUID(), aService()];
      await create(name, alertsOf(service));
      const sent = alerts(service, 3);
      await app.publish(...sent);
      const reader = await receive(name, alertsOf(service));
      expect(idsOf(await reader.record.events(3))).toEqual(idsOf(sent));
      await reader.close();
    });

    it('go on in a new selection where they stand, with nothing missing and nothing twice', async () => {
      const [name, one, other] = [randomUUID(), aService(), aService()];
      await create(name, alertsOf(one));
      const reader = await receive(name, alertsOf(one));
      const first = alerts(one, 2);
      await app.publish(...first, ...alerts(other, 2));
      await reader.record.events(2);
      expect(await change(name, alertsOf(other))).toMatchObject({ status: 200 });
      await reader.record.next('subscribed');
      const second = alerts(other, 2, 10);
      await app.publish(...alerts(one, 2, 10), ...second);
      expect(idsOf(await reader.record.events(4))).toEqual(idsOf([...first, ...second]));
      const positions = reader.record.positions('s');
      reader.send('ack', { id: 's', generation: reader.generation, positions });
      await until('the acknowledgement', async () => {
        const { positions: stored } = (await app.get(pathOf(name))).body as unknown as Subscription;
        const of = (all: Subscription['positions']) => all.map(({ topic, position }) => `${topic} ${position}`).sort();
        return JSON.stringify(of(stored)) === JSON.stringify(of(positions));
      });
      await reader.close();
    });

    it('begin new topics of a changed selection at the moment of the change', async () => {
      const [name, service] = [randomUUID(), aService()];
      const [one, other] = [`monitoring/teams/${randomUUID()}`, `monitoring/teams/${randomUUID()}`];
      for (const topic of [one, other])
        await app.post('/api/v1/monitoring/topics', { name: topic, data_type: 'ALERTS' });
      const to = (topic: string, count: number) =>
        alerts(service, count).map((event) => ({ ...event, routing: { topic, routing_key: 'a.b' } }));
      await create(name, { patterns: [one] });
      const reader = await receive(name, { patterns: [one] });
      await app.publish(...to(other, 2));
      await change(name, { patterns: [one, other] });
      await reader.record.next('subscribed');
      const sent = [...to(one, 1), ...to(other, 1)];
      await app.publish(...sent);
      expect(idsOf(await reader.record.events(2)).sort()).toEqual(idsOf(sent).sort());
      await reader.close();
    });

    it('are moved back while they are read, in a new generation', async () => {
      const [name, service] = [randomUUID(), aService()];
      await create(name, alertsOf(service));
      const before = new Date().toISOString();
      const reader = await receive(name, alertsOf(service));
      const sent = alerts(service, 2);
      await app.publish(...sent);
      await reader.record.events(2);
      reader.send('ack', { id: 's', generation: reader.generation, positions: reader.record.positions('s') });
      expect((await seek(name, { time: before })).status).toBe(200);
      const again = await reader.record.next('subscribed');
      expect(again.generation).toBeGreaterThan(reader.generation);
      expect(idsOf(await reader.record.events(4))).toEqual(idsOf([...sent, ...sent]));
      reader.send('ack', { id: 's', generation: reader.generation, positions: reader.record.positions('s') });
      expect(await reader.record.next('error')).toMatchObject({ code: 'generation.stale' });
      await reader.close();
    });

    it('are moved to a cursor, and to the end', async () => {
      const [name, service] = [randomUUID(), aService()];
      await create(name, alertsOf(service));
      const reader = await receive(name, alertsOf(service));
      const sent = alerts(service, 4);
      await app.publish(...sent.slice(0, 2));
      await reader.record.events(2);
      const cursor = reader.record.cursor('s');
      await app.publish(...sent.slice(2));
      await reader.record.events(4);
      await reader.close();
      await seek(name, { cursor });
      const second = await until('it to be free', () => attempt(() => receive(name, alertsOf(service))));
      expect(idsOf(await second.record.events(2))).toEqual(idsOf(sent.slice(2)));
      await seek(name, 'latest');
      await second.record.next('subscribed');
      const last = alerts(service, 1);
      await app.publish(...last);
      expect(idsOf(await second.record.events(3))).toEqual(idsOf([...sent.slice(2), ...last]));
      await second.close();
    });

    it('that are paused or deleted tell whoever receives them', async () => {
      const [name, service] = [randomUUID(), aService()];
      await create(name, alertsOf(service));
      const reader = await receive(name, alertsOf(service));
      expect(await app.post(pathOf(name, '/pause'), {})).toMatchObject({ status: 200, body: { status: 'paused' } });
      expect(await reader.record.next('error')).toMatchObject({ id: 's', code: 'subscription.paused' });
      expect(await app.post(pathOf(name, '/resume'), {})).toMatchObject({ status: 200, body: { status: 'active' } });
      const sent = alerts(service, 1);
      await app.publish(...sent);
      const again = await receive(name, alertsOf(service));
      expect(idsOf(await again.record.events(1))).toEqual(idsOf(sent));
      await app.delete(pathOf(name));
      expect(await again.record.next('error')).toMatchObject({ id: 's', code: 'subscription.not_found' });
      await Promise.all([reader.close(), again.close()]);
    });

    it('tell how they do', async () => {
      const [name, service] = [randomUUID(), aService()];
      await create(name, alertsOf(service));
      const reader = await receive(name, alertsOf(service));
      await app.publish(...alerts(service, 3));
      await reader.record.events(3);
      const { body } = await app.get(pathOf(name, '/health'));
      expect(body).toMatchObject({
        health: 'healthy',
        generation: reader.generation,
        is_owned: true,
        sent_events: 3,
        redeliveries: 0,
      });
      expect(body).toMatchObject({ lag_events: 3, lag_exact: true });
      reader.send('ack', { id: 's', generation: reader.generation, positions: reader.record.positions('s') });
      await until('no lag', async () => (await app.get(pathOf(name, '/health'))).body.lag_ms === 0);
      const stats = (await app.get(pathOf(name, '/stats'))).body as unknown as {
        windows: { window_s: number; events: number; latency_ms?: { p99: number } }[];
        selectivity: number;
      };
      expect(stats.windows.map(({ window_s, events }) => [window_s, events])).toEqual([
        [60, 3],
        [300, 3],
        [3600, 3],
      ]);
      expect(stats.windows[0].latency_ms?.p99).toBeGreaterThan(0);
      expect(stats.selectivity).toBeGreaterThan(0);
      await reader.close();
    });
  });

  it('count in what the service tells of its deliveries', async () => {
    const service = aService();
    const stream = await webSocketDoor.open(app, alertsOf(service));
    await stream.record.next('subscribed');
    await app.publish(...alerts(service, 2));
    await stream.record.events(2);
    const { status, body } = await app.get('/api/v1/monitoring/stats');
    expect(status).toBe(200);
    for (const count of ['subscriptions', 'feeds', 'sessions', 'topics', 'lanes', 'segment_bytes']) {
      expect([count, body[count]]).toEqual([count, expect.any(Number)]);
      expect(body[count]).toBeGreaterThan(0);
    }
    const [minute] = body.windows as { events: number; deliveries: number }[];
    expect(minute.deliveries).toBeGreaterThanOrEqual(2);
    expect(minute.events).toBeGreaterThanOrEqual(2);
    await stream.close();
  });

  it('are received over server-sent events and acknowledged over REST', async () => {
    const [name, service] = [randomUUID(), aService()];
    await create(name, alertsOf(service));
    const sent = alerts(service, 3);
    await app.publish(...sent);
    const reader = await sseDoor.open(app, { ...alertsOf(service), name } as Parameters<typeof sseDoor.open>[1]);
    const { generation } = await reader.record.next('subscribed');
    await reader.record.events(3);
    const cursor = reader.record.lastEventId as string;
    const ack = (body: object) => app.post(pathOf(name, '/ack'), body);
    expect(await ack({ generation: 0, cursor })).toMatchObject({ status: 409, body: { code: 'generation.stale' } });
    expect(await ack({ generation })).toMatchObject({ status: 400 });
    expect((await ack({ generation, cursor })).status).toBe(204);
    await until('no lag', async () => (await app.get(pathOf(name, '/health'))).body.lag_ms === 0);
    await reader.close();
    const last = alerts(service, 1);
    await app.publish(...last);
    const next = await webSocketDoor.connect(app);
    await until('it to be free', async () => {
      next.send('subscribe', { id: 's', name, ...alertsOf(service) });
      await until('an answer', () => next.record.of('subscribed').length + next.record.of('error').length > 0);
      return next.record.of('subscribed').length > 0;
    });
    expect(idsOf(await next.record.events(1))).toEqual(idsOf(last));
    await next.close();
  });
});

describe('a subscription that does not do well', () => {
  it('raises an alert that its readers can see, and resolves it', async () => {
    const app = await TestApp.start({ SUBSCRIPTION_LAG_ALERT_MS: '100', SUBSCRIPTION_WATCH_INTERVAL_MS: '100' });
    try {
      const [name, service] = [randomUUID(), aService()];
      await app.post(SUBSCRIPTIONS, { subscription_id: name, ...alertsOf(service), subscriber_service: 'desk' });
      const watcher = await webSocketDoor.open(app, { services: ['desk'], data_types: ['ALERTS'] });
      await watcher.record.next('subscribed');
      await app.publish(...alerts(service, 1));
      const [raised] = await watcher.record.events(1);
      expect(raised).toMatchObject({
        data: { rule_id: 'subscription_lag', status: 'raised', metric_name: `subscription:${name}` },
        metadata: { source_service: 'monitoring-distribution', severity: 'WARNING' },
      });
      expect((await app.get(pathOf(name, '/health'))).body).toMatchObject({
        health: 'unhealthy',
        problems: [{ kind: 'lag' }],
      });
      await app.post(pathOf(name, '/seek'), { start: 'latest' });
      const [, resolved] = await watcher.record.events(2);
      expect(resolved.data).toMatchObject({ rule_id: 'subscription_lag', status: 'resolved' });
      await watcher.close();
    } finally {
      await app.stop();
    }
  }, 60_000);
});

async function attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
