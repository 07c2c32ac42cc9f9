import { randomUUID } from 'node:crypto';
import { type Reply, TestApp } from './harness.js';

const API = '/api/v1/monitoring';
const NOBODY = '00000000-0000-4000-8000-000000000000';

interface Refusal {
  readonly call: string;
  readonly body: unknown;
  readonly status: number;
  readonly code: string;
  /** The fields that are named, in any order. */
  readonly paths?: readonly string[];
}

const invalid = (call: string, body: unknown, ...paths: string[]): Refusal => ({
  call,
  body,
  status: 400,
  code: 'request.invalid',
  paths,
});
const missing = (call: string, what: string, body?: unknown): Refusal => ({
  call,
  body,
  status: 404,
  code: `${what}.not_found`,
});

const REFUSALS: readonly Refusal[] = [
  invalid('GET dead-letters?limit=0&reason=luck', undefined, 'limit', 'reason'),
  invalid('GET dead-letters?cursor=nonsense', undefined, 'cursor'),
  missing(`DELETE dead-letters/${NOBODY}`, 'dead_letter'),
  missing(`POST dead-letters/${NOBODY}/replay`, 'dead_letter', {}),
  invalid(`POST dead-letters/${NOBODY}/replay`, { target: 'nowhere' }, 'target'),
  invalid('POST dead-letters/discard', { topic: 7 }, 'topic'),
  missing(`DELETE routing/rules/${NOBODY}`, 'rule'),
  missing('POST routing/rules/order', 'rule', { ids: [NOBODY] }),
  invalid('POST routing/rules/order', { ids: 'first' }, 'ids'),
  invalid(
    'POST routing/rules/test',
    { event: {}, rules: [{ name: 'x' }] },
    'rules[0].source_pattern',
    'rules[0].target_topic',
  ),
  invalid('GET lookup-tables?limit=0', undefined, 'limit'),
  invalid('GET transformations?limit=0', undefined, 'limit'),
  invalid('GET stats/api?window=1y&by=colour', undefined, 'window', 'by'),
  invalid('GET stats/subscriptions?window=1y', undefined, 'window'),
  invalid('GET stats/tenants?window=1y', undefined, 'window'),
  invalid('GET subscriptions?limit=0&status=lost', undefined, 'limit', 'status'),
  missing('GET subscriptions/nobody/health', 'subscription'),
  missing('GET subscriptions/nobody/stats', 'subscription'),
  invalid(
    'POST subscriptions',
    { subscription_id: 'x', type: 'key_shared', patterns: ['monitoring/dead-letters'] },
    'patterns[0]',
  ),
  missing('POST subscriptions/nobody/resume', 'subscription', {}),
  missing('POST subscriptions/nobody/seek', 'subscription', { start: 'latest' }),
  invalid('POST subscriptions/nobody/seek', { start: { time: 'yesterday' } }, 'start.time'),
  missing('GET topics/no%2Fsuch%2Ftopic/stats', 'topic'),
  missing(`GET topics/${'long'.repeat(500)}`, 'topic'),
  invalid('GET topics/%zz', undefined, 'url'),
];

describe('REST', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const answerTo = ({ call, body }: Refusal): Promise<Reply> => {
    const [method, path] = call.split(' ');
    if (method === 'GET') return app.get(`${API}/${path}`);
    return method === 'DELETE' ? app.delete(`${API}/${path}`) : app.post(`${API}/${path}`, body);
  };

  it.each(REFUSALS)('refuses $call with $body, and names the fields', async (refusal) => {
    const { status, body } = await answerTo(refusal);
    const named = (body.errors as { path: string }[] | undefined)?.map(({ path }) => path);
    expect([status, body.code, named?.sort()]).toEqual([
      refusal.status,
      refusal.code,
      refusal.paths && [...refusal.paths].sort(),
    ]);
  });

  it('keeps the order of rules when another one is refused', async () => {
    const rules = `${API}/routing/rules`;
    const made: string[] = [];
    for (const name of ['one', 'two']) {
      const rule = { name, source_pattern: 'monitoring/alerts/+', target_topic: 'monitoring/optimization' };
      made.push((await app.post(rules, rule)).body.id as string);
    }
    const order = async () => ((await app.get(rules)).body.items as { id: string }[]).map(({ id }) => id);
    expect(await order()).toEqual(made);
    const [one, two] = made;
    expect((await app.post(`${rules}/order`, { ids: [two, randomUUID()] })).status).toBe(404);
    expect(await order()).toEqual(made);
    expect((await app.post(`${rules}/order`, { ids: [two, one] })).status).toBe(200);
    expect(await order()).toEqual([two, one]);
  });

  it.each(['/v1', `${API}/otlp/v1`])(
    'takes of OpenTelemetry below %s only metrics, and says so as OTLP',
    async (at) => {
      for (const signal of ['logs', 'traces']) {
        const { status, body } = await app.post(`${at}/${signal}`, { resourceLogs: [] });
        expect([status, body.message]).toEqual([404, expect.stringContaining('only metrics')]);
      }
      const { status, body } = await app.post(`${at}/metrics`, { resourceMetrics: 'many' });
      expect([status, body.message]).toEqual([400, expect.stringContaining('resourceMetrics')]);
    },
  );
});
