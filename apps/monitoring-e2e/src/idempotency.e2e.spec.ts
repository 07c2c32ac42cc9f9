import { randomUUID } from 'node:crypto';
import { EVERYTHING, startSecured } from './access.js';
import { ask, clientOf, type Fields } from './doors/grpc-service.js';
import type { TestApp } from './harness.js';

const API = '/api/v1/monitoring';

describe('a creating request that is sent again with its Idempotency-Key', () => {
  let app: TestApp;
  let admin: TestApp;
  beforeAll(async () => {
    ({ app, admin } = await startSecured());
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const aRule = () => ({
    name: `rule-${randomUUID()}`,
    source_pattern: 'monitoring/alerts/+',
    target_topic: 'monitoring/optimization',
  });

  it('makes one routing rule, at once or one after another', async () => {
    const [rule, headers] = [aRule(), { 'idempotency-key': randomUUID() }];
    const answers = await Promise.all([1, 2, 3].map(() => admin.post(`${API}/routing/rules`, rule, headers)));
    const last = await admin.post(`${API}/routing/rules`, rule, headers);
    expect(last.headers.get('idempotency-replayed')).toBe('true');
    for (const answer of answers) {
      expect([answer.status, answer.body, answer.headers.get('etag')]).toEqual([
        201,
        last.body,
        last.headers.get('etag'),
      ]);
    }
    const { items } = (await admin.get(`${API}/routing/rules`)).body as { items: { name: string }[] };
    expect(items.filter(({ name }) => name === rule.name)).toHaveLength(1);
    expect(await admin.post(`${API}/routing/rules`, aRule(), headers)).toMatchObject({
      status: 422,
      body: { code: 'idempotency.conflict' },
    });
  });

  it('makes one routing rule over gRPC', async () => {
    const client = clientOf(app, 'distributary.management.v1.RoutingManager');
    const [rule, headers] = [aRule(), { 'idempotency-key': randomUUID() }];
    const create = (request: Fields) => ask(admin, client, 'CreateRule', request, headers);
    const made = await create(rule);
    expect(await create(rule)).toEqual(made);
    await expect(create({ ...rule, priority: 1 })).rejects.toMatchObject({ code: 'idempotency.conflict' });
    await expect(ask(admin, client, 'CreateRule', rule)).rejects.toMatchObject({ code: 'rule.exists' });
    client.close();
  });

  it('makes one API key, whose secret is told once and kept nowhere', async () => {
    const request = { name: `key-${randomUUID()}`, permissions: EVERYTHING };
    const headers = { 'idempotency-key': randomUUID() };
    const first = await admin.post(`${API}/api-keys`, request, headers);
    expect([first.status, first.body.key]).toEqual([201, expect.stringMatching(/^dk_/)]);
    const second = await admin.post(`${API}/api-keys`, request, headers);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    const { key, ...shown } = first.body;
    expect([second.status, second.body]).toEqual([201, shown]);
    expect((await app.as(key as string).get(`${API}/topics`)).status).toBe(200);
    const { items } = (await admin.get(`${API}/api-keys`)).body as { items: { name: string }[] };
    expect(items.filter(({ name }) => name === request.name)).toHaveLength(1);
  });
});
