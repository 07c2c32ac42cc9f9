import { until } from '@distributary/distribution-core/testing';
import { aMetric, aService } from './events.js';
import { TestApp } from './harness.js';

type Entry = Readonly<Record<string, unknown>>;
const AUDIT = '/api/v1/monitoring/audit';

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

  it('tells of refused acts, and with which code', async () => {
    await app.post('/api/v1/monitoring/topics', aTopic('monitoring/audited'));
    await app.post('/api/v1/monitoring/topics', { name: 'x', token: 'hunter2' });
    const [second, first] = await entries('?outcome=refused&act=topics.create');
    expect(first).toMatchObject({ code: 'topic.exists', target: 'monitoring/audited' });
    expect(second).toMatchObject({ code: 'request.invalid', target: 'x', after: { token: '[secret]' } });
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
