import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { subscribed } from './doors/door.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

const TRANSFORMATIONS = '/api/v1/monitoring/transformations';
const TABLES = '/api/v1/monitoring/lookup-tables';
const RULES = '/api/v1/monitoring/routing/rules';
const TOPICS = '/api/v1/monitoring/topics';

type Fields = Readonly<Record<string, unknown>>;

const aName = (): string => `t-${randomUUID().slice(0, 8)}`;
const setting = (value: unknown) => ({ steps: [{ map: { 'data.set': { value } } }] });
const dataOf = (events: readonly unknown[]) => events.map((event) => (event as { readonly data: Fields }).data);

describe('transformations by name', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ REDACTION_KEYS: 'pii=a key of sixteen characters or more' });
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('are created, listed, read, replaced and deleted', async () => {
    const name = aName();
    const created = await app.post(TRANSFORMATIONS, { name, definition: setting(1) });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ name, definition: setting(1) });
    const etag = created.headers.get('etag') as string;
    expect((await app.post(TRANSFORMATIONS, { name, definition: setting(2) })).body.code).toBe('transformation.exists');
    const { body: list } = await app.get(`${TRANSFORMATIONS}?limit=500`);
    expect((list.items as Fields[]).map((item) => item.name)).toContain(name);
    const got = await app.get(`${TRANSFORMATIONS}/${name}`);
    expect(got.headers.get('etag')).toBe(etag);

    const replaced = await app.put(`${TRANSFORMATIONS}/${name}`, { definition: setting(2) }, { 'if-match': etag });
    expect(replaced.body).toMatchObject({ definition: setting(2), created_at: created.body.created_at });
    const stale = await app.put(`${TRANSFORMATIONS}/${name}`, { definition: setting(3) }, { 'if-match': etag });
    expect([stale.status, stale.body.code]).toEqual([412, 'precondition.failed']);
    expect((await app.delete(`${TRANSFORMATIONS}/${name}`)).status).toBe(204);
    expect((await app.get(`${TRANSFORMATIONS}/${name}`)).body.code).toBe('transformation.not_found');
    expect((await app.delete(`${TRANSFORMATIONS}/${name}`)).status).toBe(404);
  });

  it('are created once, however often the same request comes', async () => {
    const [name, key] = [aName(), randomUUID()];
    const create = () => app.post(TRANSFORMATIONS, { name, definition: setting(1) }, { 'idempotency-key': key });
    const [first, second] = [await create(), await create()];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
  });

  it('are refused with every problem and its path', async () => {
    const definition = {
      steps: [
        { map: { 'data.x': { cel: 'data.' } } },
        { enrich: { target: 'data.y', key: { from: 'data.z' }, lookup: 'nowhere' } },
        { validate: { schema: { type: 'text', properties: { a: { pattern: '(' } } } } },
      ],
    };
    const { status, body } = await app.post(TRANSFORMATIONS, { name: aName(), definition });
    expect(status).toBe(400);
    expect((body.errors as Fields[]).map(({ path }) => path)).toEqual([
      'definition.steps[0].map["data.x"].cel',
      'definition.steps[1].enrich.lookup',
      'definition.steps[2].validate.schema.properties.a.pattern',
    ]);
    expect((await app.post(TRANSFORMATIONS, { name: 'a name', definition: setting(1) })).status).toBe(400);
    expect((await app.post(TRANSFORMATIONS, { name: aName(), definition: { steps: 1 } })).status).toBe(400);
  });

  it('are tried out on an event, with what that costs', async () => {
    const event = anAlert('checkout');
    const test = async (transformation: unknown, subject: object = event) =>
      (await app.post(`${TRANSFORMATIONS}/test`, { transformation, event: subject })).body;
    expect(await test({ steps: [{ keep: ['data.threshold'] }, { set_attributes: { big: { value: true } } }] })).toEqual(
      {
        outcome: 'event',
        event: { event_id: event.event_id, data: { threshold: 1 } },
        attributes: { big: true },
        cost: {
          steps: expect.any(Number) as number,
          max_steps: 10_000,
          input_bytes: JSON.stringify(event).length,
          output_bytes: expect.any(Number) as number,
        },
      },
    );
    const schema = { required: ['severity'], properties: { data: { required: ['owner'] } } };
    expect(await test({ steps: [{ validate: { schema, on_failure: 'reject' } }] })).toMatchObject({
      outcome: 'reject',
      failure: { reason: 'schema', problems: [{ path: 'severity' }, { path: 'data.owner' }] },
    });
    expect(await test({ steps: [{ map: { x: { cel: 'none' } } }], on_error: 'pass' })).toMatchObject({
      outcome: 'passed',
      event: { event_id: event.event_id },
      failure: { reason: 'expression', message: 'there is no field none' },
    });
    expect(await test({ steps: [{ map: { x: { cel: '[1].map(x, data).map(y, event.nothing)' } } }] })).toMatchObject({
      outcome: 'drop',
    });
    expect(await test('nowhere')).toMatchObject({ code: 'transformation.not_found' });
    const hashed = await test({ steps: [{ redact: { paths: ['data.service_name'], with: 'hash', key: 'pii' } }] });
    expect((hashed.event as typeof event).data.service_name).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(await test({ steps: [{ redact: { paths: ['a'], with: 'hash', key: 'other' } }] }))).toContain(
      'no key other is configured',
    );
  });

  it('are what subscriptions name; who came before a change keeps what was', async () => {
    const [name, service] = [aName(), aService()];
    await app.post(TRANSFORMATIONS, { name, definition: setting(1) });
    const before = await subscribed(webSocketDoor, app, { ...alertsOf(service), transformation: name });
    await app.put(`${TRANSFORMATIONS}/${name}`, { definition: setting(2) });
    const after = await subscribed(webSocketDoor, app, { ...alertsOf(service), transformation: name });
    await app.publish(anAlert(service));
    expect(dataOf(await before.record.events(1))).toMatchObject([{ set: 1 }]);
    expect(dataOf(await after.record.events(1))).toMatchObject([{ set: 2 }]);
    await before.close();
    await after.close();
  });

  it('enrich from a look-up table, whose new rows reach live subscriptions', async () => {
    const [table, service] = [aName(), aService()];
    const put = (rows: object) => app.put(`${TABLES}/${table}`, { rows });
    expect((await put({ [service]: { team: 'one' } })).status).toBe(200);
    const transformation = {
      steps: [{ enrich: { target: 'data.owner', key: { from: 'data.service_name' }, lookup: table, default: null } }],
    };
    const stream = await subscribed(webSocketDoor, app, { ...alertsOf(service), transformation });
    const next = async (count: number) => {
      await app.publish(anAlert(service));
      return dataOf(await stream.record.events(count)).at(-1)?.owner;
    };
    expect(await next(1)).toEqual({ team: 'one' });
    await put({ [service]: { team: 'two' } });
    // The first event after the change asks for the new rows, and is still served from the old ones.
    let count = 1;
    await until('the new row', async () => JSON.stringify(await next(++count)) === '{"team":"two"}');
    await stream.close();

    expect((await app.get(`${TABLES}/${table}`)).body).toMatchObject({
      name: table,
      rows: { [service]: { team: 'two' } },
    });
    const { body } = await app.get(TABLES);
    expect((body.items as Fields[]).find((item) => item.name === table)).toMatchObject({ row_count: 1 });
    expect((await app.delete(`${TABLES}/${table}`)).status).toBe(204);
    expect((await app.get(`${TABLES}/${table}`)).body.code).toBe('lookup_table.not_found');
    expect((await app.delete(`${TABLES}/${table}`)).status).toBe(404);
    expect((await app.put(`${TABLES}/a b`, { rows: {} })).status).toBe(400);
    const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, row) => [`k${row}`, 1]));
    expect((await put(many)).status).toBe(400);
  });

  it('are what a durable subscription is created with, and changed to while it is read', async () => {
    const service = aService();
    const path = '/api/v1/monitoring/subscriptions';
    const bad = { subscription_id: service, ...alertsOf(service), transformation: { steps: [{ shuffle: 1 }] } };
    expect((await app.post(path, bad)).body.errors).toMatchObject([{ path: 'transformation.steps[0]' }]);
    const asked = { subscription_id: service, ...alertsOf(service), transformation: setting(1), fields: ['data.set'] };
    const created = await app.post(path, asked);
    expect(created.body).toMatchObject({ transformation: setting(1), fields: ['data.set'] });
    const stream = await subscribed(webSocketDoor, app, { ...alertsOf(service), name: service });
    await app.publish(anAlert(service));
    expect(dataOf(await stream.record.events(1))).toEqual([{ set: 1 }]);
    const changed = await app.patch(`${path}/${service}`, { transformation: setting(2), fields: ['data.set'] });
    expect([changed.status, changed.body.transformation]).toEqual([200, setting(2)]);
    let count = 1;
    await until(
      'the new one',
      async () => {
        await app.publish(anAlert(service));
        return dataOf(await stream.record.events(++count)).at(-1)?.set === 2;
      },
      15_000,
    );
    await stream.close();
  }, 30_000);

  it('keep what they fail on as dead letters, once, if they are told to', async () => {
    const service = aService();
    const transformation = { steps: [{ map: { 'data.twice': { cel: 'data.number * 2' } } }], on_error: 'dead_letter' };
    const streams = [
      await subscribed(webSocketDoor, app, { ...alertsOf(service), transformation }),
      await subscribed(webSocketDoor, app, { ...alertsOf(service), transformation, fields: ['data.twice'] }),
    ];
    const failing = anAlert(service, { data: { alert_id: 'a', service_name: service } });
    await app.publish(failing, ...alerts(service, 1, 3));
    for (const stream of streams) expect(dataOf(await stream.record.events(1))[0].twice).toBe(6);
    const letters = async () => {
      const { body } = await app.get('/api/v1/monitoring/dead-letters?limit=500');
      return (body.items as Fields[]).filter((letter) => letter.event_id === failing.event_id);
    };
    // Two transformations: with fields it is another one.
    await until('the letters', async () => (await letters()).length === 2);
    expect(await letters()).toMatchObject([{ reason: 'transformation_failed' }, { reason: 'transformation_failed' }]);
    for (const stream of streams) await stream.close();
  });

  describe('of routing rules', () => {
    const route = async (transformation: unknown, more: object = {}) => {
      const [target, service] = [`routed/${randomUUID().slice(0, 8)}`, aService()];
      expect((await app.post(TOPICS, { name: target, data_type: 'ALERTS' })).status).toBe(201);
      const rule = await app.post(RULES, {
        name: `rule-${randomUUID()}`,
        source_pattern: 'monitoring/alerts/+',
        condition: `service == "${service}"`,
        target_topic: target,
        transformation,
        ...more,
      });
      return { target, service, rule };
    };

    it('make what goes to the target, and leave the event itself as it is', async () => {
      const name = aName();
      const steps = [{ map: { 'data.level': { value: 'paged' } } }, { set_attributes: { paged: { value: true } } }];
      await app.post(TRANSFORMATIONS, { name, definition: { steps } });
      const { target, service, rule } = await route(name);
      expect(rule.status).toBe(201);
      const copies = await subscribed(webSocketDoor, app, { patterns: [target], filter: 'paged' });
      const originals = await subscribed(webSocketDoor, app, { ...alertsOf(service), patterns: ['monitoring/#'] });
      const event = anAlert(service);
      await app.publish(event);
      const [copy] = await copies.record.events(1);
      expect(copy).toMatchObject({ event_id: event.event_id, data: { level: 'paged' } });
      expect(dataOf(await originals.record.events(1))[0]).not.toHaveProperty('level');
      await copies.close();
      await originals.close();
    });

    it('follow a transformation that is replaced', async () => {
      const name = aName();
      await app.post(TRANSFORMATIONS, { name, definition: setting(1) });
      const { target, service } = await route(name);
      const copies = await subscribed(webSocketDoor, app, { patterns: [target] });
      await app.publish(anAlert(service));
      expect(dataOf(await copies.record.events(1))).toMatchObject([{ set: 1 }]);
      await app.put(`${TRANSFORMATIONS}/${name}`, { definition: setting(2) });
      let count = 1;
      await until(
        'the new one',
        async () => {
          await app.publish(anAlert(service));
          return dataOf(await copies.record.events(++count)).at(-1)?.set === 2;
        },
        15_000,
      );
      await copies.close();
    }, 30_000);

    it('refuse an event at ingest with every place that the schema refuses', async () => {
      const schema = { properties: { data: { required: ['runbook', 'team'] } } };
      const { service } = await route({ steps: [{ validate: { schema, on_failure: 'reject' } }] });
      const { status, body } = await app.post('/api/v1/monitoring/events', [anAlert(service)]);
      expect([status, body.code]).toEqual([422, 'schema.rejected']);
      expect((body.errors as Fields[]).map(({ path }) => path)).toEqual(['data.runbook', 'data.team']);
      const good = anAlert(service, { data: { alert_id: 'a', service_name: service, runbook: 'x', team: 'y' } });
      expect(idsOf(await app.publish(good))).toEqual([good.event_id]);
    });

    it('are refused with the rule', async () => {
      const bad = await route({ steps: [{ drop: ['event_id'] }] });
      expect([bad.rule.status, bad.rule.body.code]).toEqual([400, 'request.invalid']);
      expect((bad.rule.body.errors as Fields[])[0].path).toBe('transformation.steps[0].drop[0]');
      const unknown = await route('nowhere');
      expect(unknown.rule.body.errors).toEqual([{ path: 'transformation', rule: 'no transformation nowhere' }]);
    });
  });
});
