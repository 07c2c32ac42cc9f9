import { statSync } from 'node:fs';
import { until } from '@distributary/distribution-core/testing';
import { aJwt, makeKey, startSecured } from './access.js';
import { STREAM_DOORS } from './doors/all-doors.js';
import { connectWebSocket } from './doors/web-socket.js';
import { alertsOf, anAlert, aService } from './events.js';
import type { TestApp } from './harness.js';

let app: TestApp;
let admin: TestApp;
let keyFile: string;
beforeAll(async () => {
  ({ app, admin, keyFile } = await startSecured());
}, 60_000);
afterAll(() => app.stop());

const KEYS = '/api/v1/monitoring/api-keys';
const TOPICS = '/api/v1/monitoring/topics';

describe('REST with authentication', () => {
  it('asks who calls, and says how to answer', async () => {
    const { status, body, headers } = await app.get(TOPICS);
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 'auth.missing', status: 401 });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each([
    ['/health/live', 200],
    ['/health/ready', 200],
    ['/api/openapi.json', 200],
    ['/metrics', 401],
    ['/api/v1/monitoring/config', 401],
    ['/api/v1/monitoring/nothing', 401],
    ['//health/live', 401],
    ['/health/live/../../api/v1/monitoring/topics', 401],
  ])('answers %s to nobody in particular with %i', async (path, status) => {
    const response = await fetch(app.httpUrl + path);
    await response.text();
    expect(response.status).toBe(status);
  });

  it('knows keys and tokens by either header, never by the URL', async () => {
    const key = admin.token as string;
    expect((await admin.get(TOPICS)).status).toBe(200);
    expect((await app.get(TOPICS, { 'x-api-key': key })).status).toBe(200);
    expect((await app.get(TOPICS, { authorization: `bearer ${await aJwt()}` })).status).toBe(200);
    expect((await app.get(`${TOPICS}?api_key=${key}&access_token=${key}`)).status).toBe(401);
    expect((await app.get(TOPICS, { authorization: `Basic ${key}` })).body.code).toBe('auth.missing');
  });

  it('tells whose token has expired from whose is not ours', async () => {
    expect((await app.as(await aJwt({}, -60)).get(TOPICS)).body.code).toBe('auth.expired');
    const forged = `${(await aJwt()).slice(0, -4)}AAAA`;
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await aJwt()).split('.')[1]}.`;
    const wrongSecret = `${(admin.token as string).slice(0, -3)}xyz`;
    for (const token of [forged, unsigned, wrongSecret, 'dk_unknown00_x', 'nonsense', '']) {
      const { status, body } = await app.get(TOPICS, { authorization: `Bearer ${token}` });
      expect([status, body.code]).toEqual([401, 'auth.missing']);
    }
  });

  it('keeps its figures and settings for those who run it', async () => {
    const reader = app.as((await makeKey(admin, [{ verbs: ['read'] }])).key);
    expect((await reader.get('/metrics')).status).toBe(200);
    expect((await reader.get('/api/v1/monitoring/config')).status).toBe(403);
    const elsewhere = app.as(await aJwt({ tenant: 'acme' }));
    expect((await elsewhere.get('/metrics')).status).toBe(403);
  });
});

describe('API keys', () => {
  it('are made, listed and revoked, and told once', async () => {
    const made = await admin.post(KEYS, { name: 'board', permissions: [{ verbs: ['read'], topic_pattern: 'a/#' }] });
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { id, key } = made.body as { id: string; key: string };
    expect(key).toMatch(new RegExp(`^dk_${id}_`));
    const { body } = await admin.get(`${KEYS}/${id}`);
    expect(body).toMatchObject({ id, name: 'board', status: 'active', permissions: [{ topic_pattern: 'a/#' }] });
    expect(JSON.stringify((await admin.get(KEYS)).body)).not.toContain(key.split('_')[2]);
    expect((await app.as(key).get(TOPICS)).status).toBe(200);
    expect((await admin.delete(`${KEYS}/${id}`)).body).toMatchObject({ id, status: 'revoked' });
    expect((await app.as(key).get(TOPICS)).body.code).toBe('auth.missing');
    expect((await admin.get(`${KEYS}/${id}`)).body.status).toBe('revoked');
  });

  it('expire', async () => {
    const inOneSecond = new Date(Date.now() + 1_000).toISOString();
    const { body } = await admin.post(KEYS, {
      name: 'short',
      permissions: [{ verbs: ['read'] }],
      expires_at: inOneSecond,
    });
    const brief = app.as(body.key as string);
    expect((await brief.get(TOPICS)).status).toBe(200);
    await until('it has expired', async () => (await brief.get(TOPICS)).body.code === 'auth.expired');
    const past = await admin.post(KEYS, {
      name: 'x',
      permissions: [{ verbs: ['read'] }],
      expires_at: '2020-01-01T00:00:00Z',
    });
    expect(past.body).toMatchObject({ code: 'request.invalid', errors: [{ path: 'expires_at' }] });
  });

  it('are given out by whoever may manage everything of the tenant, and by nobody else', async () => {
    for (const grant of [{ verbs: ['read', 'publish'] }, { verbs: ['manage'], topic_pattern: 'a/#' }]) {
      const other = app.as((await makeKey(admin, [grant])).key);
      expect((await other.get(KEYS)).body.code).toBe('auth.forbidden');
      expect((await other.post(KEYS, { name: 'x', permissions: [{ verbs: ['manage'] }] })).status).toBe(403);
    }
  });

  it('of other tenants do not exist', async () => {
    const { id } = await makeKey(admin);
    const acme = app.as(await aJwt({ tenant: 'acme' }));
    expect((await acme.get(`${KEYS}/${id}`)).body.code).toBe('api_key.not_found');
    expect((await acme.delete(`${KEYS}/${id}`)).body.code).toBe('api_key.not_found');
    const theirs = await makeKey(acme);
    expect(((await acme.get(KEYS)).body.items as { id: string }[]).map((key) => key.id)).toEqual([theirs.id]);
    expect((await admin.get(`${KEYS}/${theirs.id}`)).status).toBe(404);
  });

  it('are refused with every problem named', async () => {
    const { body } = await admin.post(KEYS, {
      name: 'x',
      permissions: [
        { verbs: ['read'], topic_pattern: 'a//b' },
        { verbs: ['read'], constraint: 'severity ==' },
      ],
    });
    expect(body.code).toBe('request.invalid');
    expect((body.errors as { path: string }[]).map(({ path }) => path)).toEqual([
      'permissions[0].topic_pattern',
      'permissions[1].constraint',
    ]);
  });

  it('begin with the one in the key file, which only its owner may read', async () => {
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(admin.token).toMatch(/^dk_[a-z0-9]{20}_[\w-]{43}$/);
  });
});

describe.each(STREAM_DOORS)('$name with authentication', (door) => {
  it('shows nothing to nobody in particular', async () => {
    const stream = await door.open(app, { patterns: ['#'] });
    const end = await stream.record.ended(8_000);
    expect([401, 4401, 16]).toContain(end.code);
    expect(stream.record.of('error').map(({ code }) => code)).toEqual(['auth.missing']);
    expect(stream.record.of('subscribed')).toEqual([]);
  });

  it('shows to a key what it may see', async () => {
    const service = aService();
    const constraint = 'severity == "CRITICAL"';
    const { key } = await makeKey(admin, [{ verbs: ['subscribe'], topic_pattern: 'monitoring/alerts/#', constraint }]);
    const stream = await door.open(app.as(key), { services: [service] });
    await stream.record.next('subscribed');
    const seen = anAlert(service);
    const hidden = anAlert(service, { metadata: { source_service: service, severity: 'WARNING' } });
    await admin.publish(hidden, seen);
    const events = await stream.record.events(1);
    expect(events.map(({ event_id }) => event_id)).toEqual([seen.event_id]);
    await stream.close();
  });

  it('refuses what a key may see nothing of', async () => {
    const { key } = await makeKey(admin, [{ verbs: ['subscribe'], topic_pattern: 'monitoring/alerts/#' }]);
    const stream = await door.open(app.as(key), { patterns: ['monitoring/metrics'] });
    await until('it is refused', () => stream.record.of('error').some(({ code }) => code === 'auth.forbidden'));
    expect(stream.record.of('subscribed')).toEqual([]);
    await stream.close();
  });

  it('ends within a second of the revocation', async () => {
    const service = aService();
    const { id, key } = await makeKey(admin);
    const stream = await door.open(app.as(key), alertsOf(service));
    await stream.record.next('subscribed');
    const began = performance.now();
    await admin.delete(`${KEYS}/${id}`);
    const end = await stream.record.ended();
    expect(performance.now() - began).toBeLessThan(1_000);
    expect([0, 4403, 7]).toContain(end.code);
    await admin.publish(anAlert(service));
    expect(stream.record.received()).toEqual([]);
  });

  it('ends within a second of the expiry', async () => {
    const stream = await door.open(app.as(await aJwt({}, 2)), { patterns: ['#'] });
    await stream.record.next('subscribed');
    const endsAt = Math.floor(Date.now() / 1000) + 2;
    const end = await stream.record.ended();
    expect(Date.now() / 1000).toBeLessThan(endsAt + 1.2);
    expect([0, 4401, 16]).toContain(end.code);
  });
});

describe('a WebSocket', () => {
  it('may say who it is in hello, and what it says behind that waits', async () => {
    const service = aService();
    const stream = await connectWebSocket(app);
    stream.send('hello', { token: admin.token as string });
    stream.send('subscribe', { id: 's', ...alertsOf(service) });
    await stream.record.next('subscribed');
    expect(stream.record.messages[0].type).toBe('welcome');
    await admin.publish(anAlert(service));
    await stream.record.events(1);
    await stream.close();
  });

  it('starts what its query asks for once it is known', async () => {
    const service = aService();
    const stream = await connectWebSocket(app, `?data_types=ALERTS&services=${service}`);
    stream.send('hello', { token: await aJwt() });
    expect((await stream.record.next('subscribed')).id).toBe('query');
    await stream.close();
  });

  it('is closed for a wrong token, for another first word, and for none', async () => {
    const wrong = await connectWebSocket(app);
    wrong.send('hello', { token: 'dk_nobody0000_x' });
    const early = await connectWebSocket(app);
    early.send('subscribe', { id: 's', patterns: ['#'] });
    const expired = await connectWebSocket(app.as(await aJwt({}, -60)));
    const silent = await connectWebSocket(app, '?data_types=METRICS');
    expect((await wrong.record.ended()).code).toBe(4401);
    expect((await early.record.ended()).code).toBe(4401);
    expect(await expired.record.ended()).toEqual({ code: 4401, reason: 'token_expired' });
    expect(await silent.record.ended(8_000)).toEqual({ code: 4408, reason: 'hello_timeout' });
    expect(silent.record.messages).toEqual([]);
  });
});
