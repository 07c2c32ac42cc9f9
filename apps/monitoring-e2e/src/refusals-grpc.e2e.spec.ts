import { randomUUID } from 'node:crypto';
import { type AnyClient, ask, clientOf, type Fields } from './doors/grpc-service.js';
import { TestApp } from './harness.js';

const NOBODY = { subscription_id: 'nobody' };
const NO_LETTER = { dead_letter_id: '00000000-0000-4000-8000-000000000000' };
const NO_RULE = { id: '00000000-0000-4000-8000-000000000000' };
const A_TIME = { start: { time: 'yesterday' } };

/** What is asked of which method, the code and the status that answer it, and the fields that are named. */
type Row = readonly [method: string, request: Fields, code: string, status: number, paths?: readonly string[]];

const invalid = (method: string, request: Fields, ...paths: string[]): Row => [
  method,
  request,
  'request.invalid',
  3,
  paths,
];
const missing = (method: string, request: Fields, what: string): Row => [method, request, `${what}.not_found`, 5];

const REFUSALS: Readonly<Record<string, readonly Row[]>> = {
  SubscriptionManager: [
    invalid('CreateSubscription', { subscription_id: 'x', type: 'solo' }, 'type'),
    invalid('CreateSubscription', { subscription_id: 'x', options: { format: 'xml' } }, 'format'),
    invalid(
      'CreateSubscription',
      { subscription_id: 'x', type: 'shared', selection: { patterns: ['a', 'monitoring/dead-letters'] } },
      'patterns[1]',
    ),
    missing('GetSubscription', NOBODY, 'subscription'),
    missing('UpdateSubscription', { ...NOBODY, options: { max_attempts: 3 } }, 'subscription'),
    missing('PauseSubscription', NOBODY, 'subscription'),
    missing('ResumeSubscription', NOBODY, 'subscription'),
    missing('SeekSubscription', { ...NOBODY, start: { at: 'latest' } }, 'subscription'),
    invalid('SeekSubscription', { ...NOBODY, ...A_TIME }, 'start.time'),
    missing('DeleteSubscription', NOBODY, 'subscription'),
    missing('GetSubscriptionHealth', NOBODY, 'subscription'),
    missing('GetSubscriptionStats', NOBODY, 'subscription'),
    invalid('ListSubscriptions', { limit: 0, status: 'lost' }, 'limit', 'status'),
  ],
  TopicManager: [
    missing('GetTopicStats', { name: 'no/such/topic' }, 'topic'),
    invalid('ListTopics', { limit: 100_000 }, 'limit'),
  ],
  DeadLetterManager: [
    invalid('ListDeadLetters', { limit: 0, reason: 'bad luck' }, 'limit', 'reason'),
    missing('ReplayDeadLetter', NO_LETTER, 'dead_letter'),
    invalid('ReplayDeadLetter', { ...NO_LETTER, target: 'nowhere' }, 'target'),
    missing('DiscardDeadLetter', NO_LETTER, 'dead_letter'),
    invalid('DiscardDeadLetters', {}, 'all'),
  ],
  RoutingManager: [missing('DeleteRule', NO_RULE, 'rule'), missing('ReorderRules', { ids: [NO_RULE.id] }, 'rule')],
};

describe('management over gRPC', () => {
  let app: TestApp;
  const clients = new Map<string, AnyClient>();
  beforeAll(async () => {
    app = await TestApp.start();
    for (const name of Object.keys(REFUSALS)) {
      clients.set(name, clientOf(app, `distributary.management.v1.${name}`));
    }
  }, 60_000);
  afterAll(async () => {
    for (const client of clients.values()) client.close();
    await app.stop();
  }, 60_000);

  const asked = (service: string, method: string, request: Fields) =>
    ask(app, clients.get(service) as AnyClient, method, request);

  it.each(Object.entries(REFUSALS))('refuses what %s cannot do, and names the fields', async (service, rows) => {
    for (const [method, request, code, status, paths] of rows) {
      const refusal = await asked(service, method, request).then(
        (reply) => ({ method, reply }),
        (error: { code: string; status: number; errors?: { path: string }[] }) => ({
          method,
          code: error.code,
          status: error.status,
          ...(paths !== undefined && { paths: error.errors?.map(({ path }) => path) }),
        }),
      );
      expect(refusal).toEqual({ method, code, status, ...(paths !== undefined && { paths }) });
    }
  });

  it('leaves a subscription as it is when a change of it is refused', async () => {
    const name = randomUUID();
    const created = await asked('SubscriptionManager', 'CreateSubscription', {
      subscription_id: name,
      selection: { data_types: ['ALERTS'] },
    });
    const change = { subscription_id: name, options: { ack_timeout_ms: 1, slow_policy: 'never' } };
    await expect(asked('SubscriptionManager', 'UpdateSubscription', change)).rejects.toMatchObject({
      code: 'request.invalid',
    });
    await expect(
      asked('SubscriptionManager', 'SeekSubscription', { subscription_id: name, ...A_TIME }),
    ).rejects.toMatchObject({ code: 'request.invalid' });
    expect(await asked('SubscriptionManager', 'GetSubscription', { subscription_id: name })).toEqual(created);
  });
});
