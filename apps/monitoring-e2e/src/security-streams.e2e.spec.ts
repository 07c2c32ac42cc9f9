import { until } from '@distributary/distribution-core/testing';
import { aJwt, EVERYTHING, type Grant, makeKey, startSecured } from './access.js';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { alertsOf, aMetric, anAlert, aService, idsOf } from './events.js';
import type { TestApp } from './harness.js';

let app: TestApp;
let admin: TestApp;
/** Who manages another tenant, with topics of the same names. */
let acme: TestApp;
beforeAll(async () => {
  ({ app, admin } = await startSecured());
  acme = app.as(await aJwt({ sub: 'boss', tenant: 'acme' }));
  for (const name of ['monitoring/alerts/critical', 'monitoring/metrics']) {
    const state = name === 'monitoring/metrics' ? { conflation_key: { attributes: ['metric'] } } : {};
    const { status } = await acme.post('/api/v1/monitoring/topics', { name, data_type: 'ALERTS', ...state });
    expect(status).toBe(201);
  }
}, 60_000);
afterAll(() => app.stop());

const critical: readonly Grant[] = [{ verbs: ['subscribe', 'read'], constraint: 'severity == "CRITICAL"' }];
const warning = (service: string) => anAlert(service, { metadata: { source_service: service, severity: 'WARNING' } });

describe.each(COMMAND_DOORS)('refresh over $name', (door) => {
  it('prolongs a session beyond its first token', async () => {
    const service = aService();
    const stream = await door.connect(app.as(await aJwt({}, 2)));
    stream.send('subscribe', { id: 's', ...alertsOf(service) });
    await stream.record.next('subscribed');
    stream.send('refresh', { token: await aJwt({}, 60) });
    await stream.record.next('refreshed');
    const expiredAt = performance.now() + 3_000;
    await until('the first token would have expired', () => performance.now() > expiredAt);
    await admin.publish(anAlert(service));
    await stream.record.events(1);
    expect(stream.record.of('subscribed')).toHaveLength(1);
    expect(stream.record.end).toBeUndefined();
    await stream.close();
  });

  it('goes on with what the new token permits, and ends what it permits nothing of', async () => {
    const service = aService();
    const stream = await door.connect(app.as(await aJwt()));
    stream.send('subscribe', { id: 'all', ...alertsOf(service) });
    stream.send('subscribe', { id: 'metrics', patterns: ['monitoring/metrics'] });
    await until('both', () => stream.record.of('subscribed').length === 2);
    const [before] = await admin.publish(warning(service));
    await stream.record.events(1);
    const permissions = [
      { verbs: ['subscribe'], topic_pattern: 'monitoring/alerts/#', constraint: 'severity == "CRITICAL"' },
    ];
    stream.send('refresh', { token: await aJwt({ permissions }) });
    await stream.record.next('refreshed');
    const seen = anAlert(service);
    await admin.publish(warning(service), seen);
    expect(idsOf(await stream.record.events(2))).toEqual([before.event_id, seen.event_id]);
    expect(stream.record.of('error')).toMatchObject([{ id: 'metrics', code: 'auth.forbidden' }]);
    expect(stream.record.of('subscribed').map(({ id }) => id)).toEqual(['all', 'metrics', 'all']);
    await stream.close();
  });

  it('is refused for another tenant and for a token that is no good; the session goes on', async () => {
    const stream = await door.connect(app.as(await aJwt()));
    stream.send('refresh', { token: await aJwt({ tenant: 'acme' }) });
    expect((await stream.record.next('error')).code).toBe('auth.forbidden');
    stream.send('refresh', { token: 'dk_nobody0000_x' });
    expect((await stream.record.next('error')).code).toBe('auth.missing');
    stream.send('ping', {});
    await stream.record.next('pong');
    await stream.close();
  });
});

describe.each(STREAM_DOORS)('tenants over $name', (door) => {
  it('have topics of the same names and see only their own events', async () => {
    const service = aService();
    const [ours, theirs] = [await door.open(admin, alertsOf(service)), await door.open(acme, alertsOf(service))];
    const [told] = await Promise.all([theirs.record.next('subscribed'), ours.record.next('subscribed')]);
    expect(told.positions.map(({ topic }) => topic).every((topic) => !topic.includes('@'))).toBe(true);
    const [a, b] = [anAlert(service), anAlert(service)];
    const [published] = await acme.publish(a);
    expect(published.topic).toBe('monitoring/alerts/critical');
    await admin.publish(b);
    const [seenByThem, seenByUs] = [await theirs.record.events(1), await ours.record.events(1)];
    expect([idsOf(seenByThem), idsOf(seenByUs)]).toEqual([[a.event_id], [b.event_id]]);
    expect(seenByThem[0].distribution.topic).toBe('monitoring/alerts/critical');
    expect(theirs.record.of('data')[0].lane).toMatch(/^monitoring\/alerts\/critical#/);
    // And a cursor of theirs resumes there.
    const cursor = theirs.record.cursor();
    await Promise.all([theirs.close(), ours.close()]);
    const c = anAlert(service);
    await acme.publish(c);
    const resumed = await door.open(acme, { ...alertsOf(service), start: { cursor } });
    expect(idsOf(await resumed.record.events(1))).toEqual([c.event_id]);
    await resumed.close();
  });

  it('cannot name what belongs to another', async () => {
    const stream = await door.open(admin, { patterns: ['@acme/#'] });
    await until('it is refused', () => stream.record.of('error').some(({ code }) => code === 'auth.forbidden'));
    await stream.close();
  });
});

describe.each(COMMAND_DOORS)('commands over $name', (door) => {
  it('publish what is permitted, and nothing of a call that holds more', async () => {
    const service = aService();
    const permissions = [
      { verbs: ['publish'], topic_pattern: 'monitoring/alerts/#', constraint: `service == "${service}"` },
    ];
    const { key } = await makeKey(admin, permissions);
    const stream = await door.connect(app.as(key));
    stream.send('publish', { id: 'p1', events: [anAlert(service)] });
    expect((await stream.record.next('published')).results).toHaveLength(1);
    stream.send('publish', { id: 'p2', events: [anAlert(service), anAlert('another')] });
    expect(await stream.record.next('error')).toMatchObject({
      id: 'p2',
      code: 'auth.forbidden',
      errors: [{ path: 'events[1]' }],
    });
    await stream.close();
  });

  it('show the history that may be read', async () => {
    const service = aService();
    const hidden = warning(service);
    const seen = anAlert(service);
    await admin.publish(hidden, seen);
    const history = { id: 'h', patterns: ['monitoring/alerts/#'], filter: `service == "${service}"` };
    const stream = await door.connect(app.as((await makeKey(admin, critical)).key));
    stream.send('history', history);
    expect(idsOf((await stream.record.next('history')).events as { event_id: string }[])).toEqual([seen.event_id]);
    await stream.close();
    const theirs = await door.connect(acme);
    theirs.send('history', history);
    expect((await theirs.record.next('history')).events).toEqual([]);
    await theirs.close();
    const blind = await door.connect(app.as((await makeKey(admin, [{ verbs: ['subscribe'] }])).key));
    blind.send('history', history);
    expect((await blind.record.next('error')).code).toBe('auth.forbidden');
    await blind.close();
  });

  it('acknowledge durable subscriptions of their own tenant, whose names others may use as well', async () => {
    const service = aService();
    const durable = { id: 's', name: `desk_${service}`, ...alertsOf(service) };
    const [ours, theirs] = [await door.connect(admin), await door.connect(acme)];
    ours.send('subscribe', durable);
    await ours.record.next('subscribed');
    theirs.send('subscribe', durable);
    const { generation = 0 } = await theirs.record.next('subscribed');
    const a = anAlert(service);
    await acme.publish(a);
    await theirs.record.events(1);
    theirs.send('ack', { id: 's', generation, positions: theirs.record.positions() });
    theirs.send('unsubscribe', { id: 's' });
    await theirs.record.next('unsubscribed');
    const b = anAlert(service);
    await acme.publish(b);
    theirs.send('subscribe', durable);
    expect(idsOf((await theirs.record.events(2)).slice(1))).toEqual([b.event_id]);
    expect(ours.record.received()).toEqual([]);
    await Promise.all([ours.close(), theirs.close()]);
  });

  it('share a durable subscription in a tenant that has had none, and its topics are changed all the same', async () => {
    const tenant = aService();
    const theirs = app.as(await aJwt({ sub: 'boss', tenant }));
    const create = (name: string) => theirs.post('/api/v1/monitoring/topics', { name, data_type: 'ALERTS' });
    expect((await create('monitoring/alerts/critical')).status).toBe(201);
    const stream = await door.connect(theirs);
    stream.send('subscribe', { id: 's', name: 'desk', type: 'shared', patterns: ['monitoring/alerts/#'] });
    await stream.record.next('subscribed');
    expect((await create('monitoring/alerts/info')).status).toBe(201);
    const event = anAlert(tenant);
    await theirs.publish(event);
    expect(idsOf(await stream.record.events(1))).toEqual([event.event_id]);
    await stream.close();
  });
});

describe('REST reads', () => {
  it('are of what may be read', async () => {
    const service = aService();
    await admin.publish(anAlert(service, { data: { alert_id: service, service_name: service } }));
    const path = `/api/v1/monitoring/alerts/active?service=${service}`;
    await until('the alert', async () => ((await admin.get(path)).body as unknown as unknown[]).length === 1);
    const metricsOnly = app.as((await makeKey(admin, [{ verbs: ['read'], topic_pattern: 'monitoring/metrics' }])).key);
    expect((await metricsOnly.get(path)).body).toEqual([]);
    expect((await acme.get(path)).body).toEqual([]);
    const theirs = anAlert(service, { data: { alert_id: `their ${service}`, service_name: service } });
    await acme.publish(theirs);
    await until('their alert', async () => ((await acme.get(path)).body as unknown as unknown[]).length === 1);
    expect((await acme.get(path)).body).toMatchObject([{ alert_id: `their ${service}` }]);
    expect((await admin.get(path)).body).toMatchObject([{ alert_id: service }]);
    expect((await app.as((await makeKey(admin, [{ verbs: ['publish'] }])).key).get(path)).status).toBe(403);
    expect((await acme.get('/api/v1/monitoring/health/summary')).body).toMatchObject({ infrastructure: [], slo: [] });
    await admin.publish(aMetric(service));
    const latest = `/api/v1/monitoring/metrics/${service}/latest`;
    await until('the metric', async () => (await metricsOnly.get(latest)).status === 200);
    expect((await acme.get(latest)).body.code).toBe('service.not_found');
    const figure = aMetric(service, 42);
    await acme.publish(figure);
    await until('their metric', async () => (await acme.get(latest)).status === 200);
    expect((await acme.get(latest)).body.metrics).toMatchObject([{ current_value: 42, event_id: figure.event_id }]);
  });
});

describe('publishing over REST', () => {
  it('goes into the tenant of whoever publishes', async () => {
    const ghost = app.as(await aJwt({ tenant: 'ghost', permissions: EVERYTHING }));
    const { status, body } = await ghost.post('/api/v1/monitoring/events', anAlert('x'));
    expect([status, body.code]).toEqual([404, 'topic.not_found']);
    expect(JSON.stringify(body)).not.toContain('@');
    const named = anAlert('x', { routing: { topic: '@acme/monitoring/alerts/critical' } });
    expect((await admin.post('/api/v1/monitoring/events', named)).status).toBe(403);
  });
});
