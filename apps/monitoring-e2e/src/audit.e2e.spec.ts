import { once } from 'node:events';
import http from 'node:http';
import { credentials, loadPackageDefinition, type Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MANAGEMENT_PROTOS, PROTO_LOADING } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { aJwt, makeKey, startSecured } from './access.js';
import { grpcClient, metadataOf } from './doors/grpc.js';
import { connectWebSocket } from './doors/web-socket.js';
import { aMetric, aService } from './events.js';
import { TestApp } from './harness.js';

type Entry = Readonly<Record<string, unknown>>;
const AUDIT = '/api/v1/monitoring/audit';

interface TopicManagerClient {
  CreateTopic(request: object, metadata: Metadata, done: (error: Error | null) => void): void;
  close(): void;
}

/** Its administrative service, as any client of the .proto file has it. */
function topicManager(app: TestApp) {
  const definition = loadSync([...MANAGEMENT_PROTOS], PROTO_LOADING);
  const root = loadPackageDefinition(definition) as unknown as {
    distributary: { management: { v1: { TopicManager: new (...args: unknown[]) => TopicManagerClient } } };
  };
  const client = new root.distributary.management.v1.TopicManager(app.grpcAddress, credentials.createInsecure());
  return {
    create: (topic: object) =>
      new Promise<void>((resolve, reject) => {
        client.CreateTopic(topic, metadataOf(app), (error) => {
          client.close();
          if (error === null) resolve();
          else reject(error);
        });
      }),
  };
}

describe('the audit log', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ LOG_LEVEL: 'silent' });
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const entries = async (query = ''): Promise<Entry[]> => {
    const { status, body } = await app.get(`${AUDIT}${query}`);
    expect(status).toBe(200);
    return body.items as Entry[];
  };
  const aTopic = (name: string) => ({ name, data_type: 'METRICS', retention_policy: '1d' });

  it('tells of an act who did it, on what, how it ended, and what there was before and is now', async () => {
    const traceId = 'c'.repeat(32);
    await app.post('/api/v1/monitoring/topics', aTopic('monitoring/audited'), {
      traceparent: `00-${traceId}-${'d'.repeat(16)}-01`,
    });
    const [entry] = await entries('?act=topics.create&target=monitoring/audited');
    expect(entry).toMatchObject({
      tenant: 'default',
      principal: 'local',
      principal_kind: 'local',
      act: 'topics.create',
      target: 'monitoring/audited',
      outcome: 'done',
      door: 'rest',
      trace_id: traceId,
      address: '127.0.0.1',
      after: { name: 'monitoring/audited', data_type: 'METRICS' },
      count: 1,
    });
    expect(Date.parse(String(entry.timestamp))).toBeGreaterThan(0);
  });

  it('tells of a change what there was before', async () => {
    const path = '/api/v1/monitoring/topics/monitoring%2Faudited';
    expect((await app.patch(path, { retention_policy: '2d' })).status).toBe(200);
    expect(await entries('?act=topics.change')).toMatchObject([
      { target: 'monitoring/audited', before: { retention_policy: '1d' }, after: { retention_policy: '2d' } },
    ]);
  });

  it('tells of refused acts, and with which code', async () => {
    await app.post('/api/v1/monitoring/topics', aTopic('monitoring/audited'));
    await app.post('/api/v1/monitoring/topics', { name: 'x', token: 'hunter2' });
    const [second, first] = await entries('?outcome=refused&act=topics.create');
    expect(first).toMatchObject({ code: 'topic.exists', target: 'monitoring/audited' });
    expect(second).toMatchObject({ code: 'request.invalid', target: 'x', after: { token: '[secret]' } });
  });

  it('tells of requests that hold what no database takes', async () => {
    const odd = 'odd \u0000 \ud800';
    expect((await app.post('/api/v1/monitoring/topics', { name: odd, data_type: 'METRICS' })).status).toBe(400);
    const [entry] = await entries('?limit=1');
    expect(entry).toMatchObject({ act: 'topics.create', outcome: 'refused', target: 'odd \ufffd \ufffd' });
    expect((await app.get(`${AUDIT}?target=%00`)).status).toBe(400);
  });

  it('does not tell of reading and of publishing', async () => {
    const before = (await entries()).length;
    await app.get('/api/v1/monitoring/topics');
    await app.publish(aMetric(aService()));
    expect(await entries()).toHaveLength(before);
  });

  it('is read page by page, newest first', async () => {
    for (let index = 0; index < 3; index++) await app.delete(`/api/v1/monitoring/topics/none-${index}`);
    const seen: unknown[] = [];
    let cursor = '';
    for (let hasMore = true; hasMore;) {
      const { body } = await app.get(`${AUDIT}?act=topics.delete&limit=2${cursor}`);
      seen.push(...(body.items as Entry[]).map(({ target }) => target));
      hasMore = body.has_more === true;
      cursor = `&cursor=${String(body.cursor)}`;
    }
    expect(seen).toEqual(['none-2', 'none-1', 'none-0']);
    expect(await app.get(`${AUDIT}?cursor=x&outcome=maybe&from=now`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'cursor' }, { path: 'outcome' }, { path: 'from' }] },
    });
  });

  it('is kept when the service restarts', async () => {
    const before = await entries();
    await app.restart();
    await until('the service', async () => (await app.get('/health/ready')).status === 200);
    expect(await entries()).toEqual(before);
  }, 60_000);
});

describe('with authentication, the audit log', () => {
  let app: TestApp;
  let admin: TestApp;
  beforeAll(async () => {
    ({ app, admin } = await startSecured());
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const entries = async (caller: TestApp, query: string) =>
    (await caller.get(`${AUDIT}${query}`)).body.items as Entry[];

  it('tells of those who were not let in, at every door', async () => {
    await app.as('dk_nobody_x').get('/api/v1/monitoring/topics');
    const socket = await connectWebSocket(app.as('dk_nobody_x'));
    await socket.record.ended();
    const client = grpcClient(app);
    const call = client.StreamMonitoring({});
    await once(call, 'error').catch(() => undefined);
    client.close();
    const found = await until('the entries', async () => {
      const items = await entries(admin, '?act=authentication');
      return items.length >= 3 && items;
    });
    expect(new Set(found.map(({ door }) => door))).toEqual(new Set(['rest', 'websocket', 'grpc']));
    expect(found[0]).toMatchObject({ outcome: 'refused', principal: 'nobody', address: '127.0.0.1', count: 1 });
    expect(JSON.stringify(found)).not.toContain('dk_nobody');
  });

  it('is not filled by one who tries a thousand keys', async () => {
    const before = (await entries(admin, '?act=authentication&limit=500')).length;
    await Promise.all(Array.from({ length: 60 }, () => app.as('dk_nobody_x').get('/api/v1/monitoring/topics')));
    const after = await entries(admin, '?act=authentication&limit=500');
    expect(after.length - before).toBeLessThan(40);
  });

  it('is not filled either by one who says that this becomes a WebSocket, and has no key', async () => {
    const acts = async () => (await entries(admin, '?act=topics.create&limit=500')).length;
    const before = await acts();
    const post = () =>
      new Promise<number | undefined>((resolve, reject) => {
        const url = new URL('/api/v1/monitoring/topics', app.httpUrl);
        const headers = { 'content-type': 'application/json', upgrade: 'websocket' };
        const request = http.request(url, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on('error', reject).end(JSON.stringify({ name: 'monitoring/x', data_type: 'METRICS' }));
      });
    expect(await Promise.all(Array.from({ length: 5 }, post))).toEqual([401, 401, 401, 401, 401]);
    expect(await acts()).toBe(before);
  });

  it('tells of acts over gRPC as of those over REST, with whose key it was, and hides the keys that were made', async () => {
    const { id } = await makeKey(admin);
    const [made] = await entries(admin, '?act=api_keys.create');
    expect(JSON.stringify(made)).not.toMatch(/dk_/);
    expect(made).toMatchObject({ outcome: 'done', principal_kind: 'api_key', after: { id } });
    const topic = { name: 'monitoring/by-grpc', data_type: 'METRICS', retention_policy: '1d' };
    await topicManager(admin).create(topic);
    const [created] = await entries(admin, '?target=monitoring/by-grpc');
    expect(created).toMatchObject({ act: 'topics.create', door: 'grpc', outcome: 'done', address: '127.0.0.1' });
    expect(created.principal).toBe(made.principal);
  });

  it('is for those who may manage, and of their own tenant only', async () => {
    const reader = app.as(await aJwt({ permissions: [{ verbs: ['read'], topic_pattern: '#' }] }));
    expect(await reader.get(AUDIT)).toMatchObject({ status: 403, body: { code: 'auth.forbidden' } });
    const other = app.as(await aJwt({ tenant: 'acme' }));
    await other.post('/api/v1/monitoring/topics', { name: 'mine', data_type: 'METRICS' });
    const items = await entries(other, '?limit=500');
    expect(items.map(({ tenant, target }) => [tenant, target])).toEqual([['acme', 'mine']]);
    expect(await entries(admin, '?target=mine')).toEqual([]);
    const quota = '/api/v1/monitoring/tenants/acme/quota';
    expect((await other.get(quota)).status).toBe(200);
    expect((await other.get(quota.replace('acme', 'default'))).status).toBe(403);
    expect((await other.put(quota, {})).status).toBe(403);
    expect((await other.get('/api/v1/monitoring/config')).status).toBe(403);
    expect((await other.get('/api/v1/monitoring/stats/cache')).status).toBe(403);
  });
});

describe('the effective configuration', () => {
  it('is shown without its secrets', async () => {
    const app = await TestApp.start({ MAX_FRAME_BYTES: '65536' });
    try {
      const { status, body } = await app.get('/api/v1/monitoring/config');
      expect(status).toBe(200);
      const settings = body.settings as Entry[];
      const found = (name: string) => settings.find((setting) => setting.name === name);
      expect(found('MAX_FRAME_BYTES')).toMatchObject({ value: 65_536, default: '1048576', is_secret: false });
      expect(found('DATABASE_URL')).toEqual({ name: 'DATABASE_URL', about: expect.any(String), is_secret: true });
    } finally {
      await app.stop();
    }
  }, 60_000);
});
