import { randomUUID } from 'node:crypto';
import { subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { webSocketDoor } from './doors/web-socket.js';
import { anAlert, aMetric, aService, idsOf } from './events.js';
import { type Reply, TestApp } from './harness.js';

const RULES = '/api/v1/monitoring/routing/rules';
const TOPICS = '/api/v1/monitoring/topics';

interface Rule {
  readonly id: string;
  readonly name: string;
  readonly priority: number;
}

describe('routing rules', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);
  afterEach(async () => {
    for (const { id } of (await app.get(RULES)).body.items as Rule[]) await app.delete(`${RULES}/${id}`);
  });

  const aTopic = async (): Promise<string> => {
    const name = `routed/${randomUUID().slice(0, 8)}`;
    const { status } = await app.post(TOPICS, { name, data_type: 'ALERTS', priority: 1 });
    expect(status).toBe(201);
    return name;
  };
  const create = (rule: object): Promise<Reply> =>
    app.post(RULES, { name: `rule-${randomUUID()}`, source_pattern: 'monitoring/alerts/+', ...rule });
  const created = async (rule: object): Promise<Rule> => {
    const { status, body } = await create(rule);
    expect([status, body]).toEqual([201, body]);
    return body as unknown as Rule;
  };

  it('send the events that they match to another topic, from the next event on', async () => {
    const [target, service] = [await aTopic(), aService()];
    const reader = await subscribed(webSocketDoor, app, { patterns: [target] });
    await app.publish(anAlert(service));
    await created({
      condition: `service == "${service}"`,
      target_topic: target,
      routing_key_template: '${key[0]}.paged',
      set_priority: 2,
    });
    const event = anAlert(service);
    const [result] = await app.publish(event, anAlert(aService()));
    expect(result.topic).toBe('monitoring/alerts/critical');
    expect(await reader.record.events(1)).toMatchObject([
      {
        event_id: event.event_id,
        distribution: { topic: target, routing_key: `${service}.paged`, priority: 2 },
        data: event.data,
      },
    ]);
    // Published again it has no second effect, neither there nor here.
    expect(await app.publish(event)).toMatchObject([{ duplicate: true }]);
    const last = anAlert(service);
    await app.publish(last);
    expect(idsOf(await reader.record.events(2))).toEqual(idsOf([event, last]));
    await reader.close();
  });

  it('move events, follow one another, and end at "stop"', async () => {
    const [one, two, never, service] = [await aTopic(), await aTopic(), await aTopic(), aService()];
    const mine = { condition: { op: 'eq', attribute: 'service', value: service } };
    await created({ ...mine, target_topic: one, mode: 'move', next: 'stop', priority: 1 });
    await created({ ...mine, target_topic: never, priority: 2 });
    await created({ ...mine, source_pattern: one, target_topic: two, priority: 3 });
    const original = await subscribed(sseDoor, app, { patterns: ['monitoring/alerts/#'], services: [service] });
    const readers = await Promise.all(
      [one, two, never].map((topic) => subscribed(sseDoor, app, { patterns: [topic] })),
    );
    const event = anAlert(service);
    const [moved] = await app.publish(event, aMetric(service));
    expect(moved).toMatchObject({ topic: one, duplicate: false });
    expect(await app.publish(event)).toEqual([{ ...moved, duplicate: true }]);
    for (const reader of readers.slice(0, 2)) expect(idsOf(await reader.record.events(1))).toEqual([event.event_id]);
    for (const { id } of (await app.get(RULES)).body.items as Rule[]) await app.delete(`${RULES}/${id}`);
    const plain = anAlert(service);
    await app.publish(plain, anAlert(service, { routing: { topic: never, routing_key: 'direct.x' } }));
    expect(idsOf(await original.record.events(1))).toEqual([plain.event_id]);
    expect(await readers[2].record.events(1)).toMatchObject([{ distribution: { routing_key: 'direct.x' } }]);
    for (const reader of [original, ...readers]) await reader.close();
  });

  it('choose the topic by the event itself', async () => {
    const service = aService();
    const target = `routed/${service}`;
    await app.post(TOPICS, { name: target, data_type: 'ALERTS' });
    await created({ target_topic: 'routed/${service|lower}' });
    const reader = await subscribed(sseDoor, app, { patterns: [target] });
    const event = anAlert(service);
    // Where there is no such topic, nothing happens.
    await app.publish(anAlert(aService()), event);
    expect(idsOf(await reader.record.events(1))).toEqual([event.event_id]);
    await reader.close();
  });

  it('are created, read, listed in order, changed, put in order and deleted', async () => {
    const target = await aTopic();
    const first = await create({
      name: 'first',
      target_topic: target,
      condition: 'severity == "CRITICAL" && data.n > 3',
    });
    expect(first.body).toMatchObject({
      name: 'first',
      mode: 'copy',
      next: 'continue',
      priority: 1,
      enabled: true,
      set_attributes: {},
      condition: { op: 'and' },
    });
    const second = await created({ name: 'second', target_topic: target, priority: 2 });
    const path = `${RULES}/${(first.body as unknown as Rule).id}`;
    const read = await app.get(path);
    expect(read.body).toEqual(first.body);
    const etag = read.headers.get('etag') as string;
    expect(etag).toBe(first.headers.get('etag'));
    const changed = await app.patch(
      path,
      { enabled: false, condition: null, set_attributes: { team: 'ops' } },
      { 'if-match': etag },
    );
    expect(changed).toMatchObject({
      status: 200,
      body: { enabled: false, set_attributes: { team: 'ops' }, revision: 2 },
    });
    expect(changed.body).not.toHaveProperty('condition');
    const stale = await app.patch(path, { enabled: true }, { 'if-match': etag });
    expect(stale).toMatchObject({ status: 412, body: { code: 'precondition.failed' } });
    const ordered = await app.post(`${RULES}/order`, { ids: [second.id] });
    expect((ordered.body.items as Rule[]).map(({ name, priority }) => [name, priority])).toEqual([
      ['second', 1],
      ['first', 2],
    ]);
    expect((await app.delete(path)).status).toBe(204);
    expect(await app.get(path)).toMatchObject({ status: 404, body: { code: 'rule.not_found' } });
  });

  it('are refused with every problem, a second time, and when they would lead events round in a circle', async () => {
    const [one, two] = [await aTopic(), await aTopic()];
    const broken = await create({
      source_pattern: 'a/#/b',
      target_topic: 'x/${',
      routing_key_template: 'a..b',
      set_attributes: { topic: 'x' },
    });
    expect(broken.status).toBe(400);
    expect((broken.body.errors as { path: string }[]).map(({ path }) => path).sort()).toEqual([
      'routing_key_template',
      'set_attributes.topic',
      'source_pattern',
      'target_topic',
    ]);
    expect(await create({ target_topic: 'no/such/topic' })).toMatchObject({
      status: 400,
      body: { code: 'request.invalid' },
    });
    await created({ name: 'there', source_pattern: one, target_topic: two });
    expect(await create({ name: 'there', target_topic: two })).toMatchObject({
      status: 409,
      body: { code: 'rule.exists' },
    });
    const circle = await create({ name: 'back', source_pattern: two, target_topic: one });
    expect(circle).toMatchObject({ status: 400, body: { detail: expect.stringContaining('circle') } });
    expect((await app.get(RULES)).body.items).toHaveLength(1);
  });

  it('say what they would do with an event, and why the others would not', async () => {
    const target = await aTopic();
    await created({ name: 'a-fires', condition: 'data.current_value > 3', target_topic: target });
    await created({ name: 'b-severity', condition: 'severity == "LOW" || service == "x"', target_topic: target });
    await created({ name: 'c-pattern', source_pattern: 'monitoring/metrics', target_topic: target });
    await created({ name: 'd-off', target_topic: target, enabled: false });
    await created({ name: 'e-missing', target_topic: 'routed/${region}' });
    const event = anAlert('checkout');
    for (const path of ['/api/v1/monitoring/routing/test', `${RULES}/test`]) {
      const { status, body } = await app.post(path, { event });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        event_id: event.event_id,
        topic: 'monitoring/alerts/critical',
        keeps_original: true,
        copies: [{ topic: target, attributes: { hops: 1, routed_from: 'monitoring/alerts/critical' } }],
        rules: [
          { name: 'a-fires', outcome: 'fired', target_topic: target },
          {
            name: 'b-severity',
            outcome: 'no_match',
            failed: { path: 'condition' },
            value: { severity: 'CRITICAL', service: 'checkout' },
          },
          {
            name: 'c-pattern',
            outcome: 'no_match',
            failed: { path: 'source_pattern' },
            value: 'monitoring/alerts/critical',
          },
          { name: 'd-off', outcome: 'disabled' },
          { name: 'e-missing', outcome: 'skipped', reason: 'missing_value', placeholder: '${region}' },
        ],
      });
    }
    const tried = await app.post('/api/v1/monitoring/routing/test', {
      event,
      rules: [{ name: 'a-fires', source_pattern: '+/alerts/#', target_topic: target, next: 'stop' }],
    });
    const verdicts = (tried.body.rules as { name: string; outcome: string }[]).map(({ name, outcome }) => [
      name,
      outcome,
    ]);
    expect(verdicts.slice(0, 2)).toEqual([
      ['a-fires', 'fired'],
      ['b-severity', 'not_reached'],
    ]);
    expect(await app.post('/api/v1/monitoring/routing/test', { event: {} })).toMatchObject({ status: 400 });
  });

  it('outlive a restart', async () => {
    const [target, service] = [await aTopic(), aService()];
    await created({ condition: `service == "${service}"`, target_topic: target });
    await app.restart();
    const reader = await subscribed(webSocketDoor, app, { patterns: [target] });
    const event = anAlert(service);
    await app.publish(event);
    expect(idsOf(await reader.record.events(1))).toEqual([event.event_id]);
    await reader.close();
  }, 60_000);
});
