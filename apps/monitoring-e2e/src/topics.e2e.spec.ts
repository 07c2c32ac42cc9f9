import { randomUUID } from 'node:crypto';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { sseDoor } from './doors/server-sent-events.js';
import { webSocketDoor } from './doors/web-socket.js';
import { anAlert, aMetric, aService, type EventInput, idsOf } from './events.js';
import { type Reply, TestApp } from './harness.js';

const TOPICS = '/api/v1/monitoring/topics';
const pathOf = (name: string, rest = '') => `${TOPICS}/${encodeURIComponent(name)}${rest}`;
const aName = () => `monitoring/teams/${randomUUID().slice(0, 8)}`;

interface Topic {
  readonly name: string;
  readonly priority: number;
  readonly events: number;
}

describe('topics', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const create = (name: string, more: object = {}): Promise<Reply> =>
    app.post(TOPICS, { name, data_type: 'ALERTS', ...more });
  const eventOf = (topic: string, more: Partial<EventInput> = {}) =>
    anAlert(aService(), { routing: { topic, routing_key: 'team.alert' }, ...more });

  it('are created with defaults, read, listed and deleted', async () => {
    const name = aName();
    const created = await create(name);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      name,
      data_type: 'ALERTS',
      partitions: 1,
      retention_policy: '7d',
      enabled: true,
      priority: 5,
      conflation_key: 'none',
      origin: 'ingested',
      events: 0,
    });
    const read = await app.get(pathOf(name));
    expect(read.body).toEqual(created.body);
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'));
    const listed = await app.get(`${TOPICS}?limit=500`);
    expect((listed.body.items as Topic[]).map((topic) => topic.name)).toContain(name);
    expect((await app.delete(pathOf(name))).status).toBe(204);
    expect(await app.get(pathOf(name))).toMatchObject({ status: 404, body: { code: 'topic.not_found' } });
  });

  it('may have names of 200 characters', async () => {
    const name = `${aName()}/`.padEnd(200, 'x');
    expect((await create(name)).body).toMatchObject({ name });
    expect((await app.get(pathOf(name))).body).toMatchObject({ name });
    expect((await app.delete(pathOf(name))).status).toBe(204);
  });

  it('are created once by requests that bear the same key, at once or one after another', async () => {
    const [name, key] = [aName(), randomUUID()];
    const post = (body: object) => app.post(TOPICS, body, { 'idempotency-key': key });
    const answers = await Promise.all([1, 2, 3].map(() => post({ name, data_type: 'ALERTS' })));
    const last = await post({ name, data_type: 'ALERTS' });
    for (const answer of [...answers, last]) {
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual(last.body);
      expect(answer.headers.get('etag')).toBe(last.headers.get('etag'));
    }
    expect(last.headers.get('idempotency-replayed')).toBe('true');
    expect(await post({ name, data_type: 'METRICS' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency.conflict' },
    });
    expect(await app.post(TOPICS, { name, data_type: 'ALERTS' }, { 'idempotency-key': 'with space' })).toMatchObject({
      status: 400,
    });
  });

  it('are refused with every problem, and a second time', async () => {
    const name = aName();
    const invalid = await create('a//#', { data_type: 'alerts', retention_policy: 'soon', broker_name: 'x' });
    expect(invalid.status).toBe(400);
    expect((invalid.body.errors as { path: string }[]).map(({ path }) => path)).toEqual([
      'name',
      'data_type',
      'broker_name',
      'retention_policy',
    ]);
    expect((await create('@acme/secret')).status).toBe(400);
    await create(name);
    expect(await create(name)).toMatchObject({ status: 409, body: { code: 'topic.exists' } });
  });

  it('come page by page', async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await app.get(
        `${TOPICS}?limit=4${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      names.push(...(body.items as Topic[]).map((topic) => topic.name));
      cursor = body.cursor as string | undefined;
      expect(body.has_more).toBe(cursor !== undefined);
    } while (cursor !== undefined);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toContain('monitoring/metrics');
  });

  it('change only if they are still what the caller has seen', async () => {
    const name = aName();
    const { headers } = await create(name);
    const change = (body: object, ifMatch: string) => app.patch(pathOf(name), body, { 'if-match': ifMatch });
    const seen = headers.get('etag') as string;
    const changed = await change({ priority: 1, retention_policy: '1d' }, seen);
    expect(changed).toMatchObject({ status: 200, body: { priority: 1, retention_policy: '1d' } });
    expect(changed.headers.get('etag')).not.toBe(seen);
    expect(await change({ priority: 2 }, seen)).toMatchObject({ status: 412, body: { code: 'precondition.failed' } });
    expect((await change({ priority: 2 }, '*')).status).toBe(200);
    expect(await app.delete(pathOf(name), { 'if-match': seen })).toMatchObject({ status: 412 });
  });

  it('that are disabled take no events until they are enabled again', async () => {
    const name = aName();
    await create(name);
    const patch = (enabled: boolean) => app.patch(pathOf(name), { enabled });
    await patch(false);
    expect(await app.post('/api/v1/monitoring/events', [eventOf(name)])).toMatchObject({
      status: 404,
      body: { code: 'topic.not_found' },
    });
    await patch(true);
    await app.publish(eventOf(name));
  });

  it('tell what their lanes hold', async () => {
    const name = aName();
    await create(name, { partitions: 2 });
    const stream = await webSocketDoor.open(app, { patterns: [name] });
    await stream.record.next('subscribed');
    await app.publish(eventOf(name), eventOf(name), eventOf(name));
    await stream.record.events(3);
    const { body } = await app.get(pathOf(name, '/stats'));
    expect(body).toMatchObject({ name, events: 3, events_per_second: 3 / 60, subscribers: 1 });
    const lanes = body.lanes as { events: number; oldest_at?: string; newest_at?: string }[];
    expect(lanes.map(({ events }) => events).sort()).toEqual([0, 3]);
    const full = lanes.find(({ events }) => events === 3) as Required<(typeof lanes)[number]>;
    expect(Date.parse(full.newest_at)).toBeGreaterThanOrEqual(Date.parse(full.oldest_at));
    await stream.close();
  });

  describe.each([...COMMAND_DOORS, sseDoor])('over $name', (door) => {
    it('stream at once to subscriptions that were there before them, from their first event', async () => {
      const group = aName();
      await create(`${group}/first`);
      const stream = await door.open(app, { patterns: [`${group}/#`] });
      await stream.record.next('subscribed');
      await create(`${group}/second`);
      const sent = [eventOf(`${group}/second`), eventOf(`${group}/second`)];
      await app.publish(...sent);
      expect(idsOf(await stream.record.events(2))).toEqual(idsOf(sent));
      await stream.close();
    });

    it('that are deleted end with a gap, and the subscription goes on', async () => {
      const group = aName();
      await create(`${group}/first`);
      await create(`${group}/second`);
      const stream = await door.open(app, { patterns: [`${group}/#`] });
      await stream.record.next('subscribed');
      const sent = [eventOf(`${group}/first`), eventOf(`${group}/second`)];
      await app.publish(sent[0]);
      await stream.record.events(1);
      await app.delete(pathOf(`${group}/first`));
      expect(await stream.record.next('gap')).toMatchObject({ lane: `${group}/first#0`, reason: 'deleted' });
      await app.publish(sent[1]);
      expect(idsOf(await stream.record.events(2))).toEqual(idsOf(sent));
      await create(`${group}/first`);
      const again = eventOf(`${group}/first`);
      await app.publish(again);
      expect(idsOf(await stream.record.events(3))).toEqual(idsOf([...sent, again]));
      await stream.close();
    });
  });

  it('are conflated by their key from the moment it is given', async () => {
    const name = aName();
    await create(name, { data_type: 'METRICS' });
    await app.patch(pathOf(name), { conflation_key: { attributes: ['metric'] } });
    const service = aService();
    const metric = (value: number) =>
      aMetric(service, value, 'depth', { routing: { topic: name, routing_key: 'a.b' } });
    const stream = await webSocketDoor.open(app, { patterns: [name] });
    await stream.record.next('subscribed');
    await app.publish(metric(1), metric(2));
    await stream.record.events(2);
    const snapshot = await webSocketDoor.open(app, { patterns: [name], start: 'snapshot' });
    await snapshot.record.next('snapshot');
    expect(snapshot.record.received().map(({ data }) => data.current_value)).toEqual([2]);
    await Promise.all([stream.close(), snapshot.close()]);
  });

  it('that a durable subscription needs are not deleted unless it is forced', async () => {
    const name = aName();
    await create(name);
    const subscription_id = randomUUID();
    await app.post('/api/v1/monitoring/subscriptions', { subscription_id, patterns: [name] });
    const refused = await app.delete(pathOf(name));
    expect(refused).toMatchObject({ status: 409, body: { code: 'topic.in_use' } });
    expect(refused.body.errors).toMatchObject([{ rule: expect.stringContaining(subscription_id) }]);
    expect((await app.delete(pathOf(name, '?force=true'))).status).toBe(204);
  });
});
