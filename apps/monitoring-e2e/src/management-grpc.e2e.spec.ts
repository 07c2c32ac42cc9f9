import { randomUUID } from 'node:crypto';
import { credentials, type Client, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MANAGEMENT_PROTOS, PROTO_LOADING } from '@distributary/contracts';
import { errorOf } from './doors/grpc.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

type Fields = Readonly<Record<string, unknown>>;
type Method = (request: Fields, metadata: Metadata, done: (error: ServiceError | null, reply: Fields) => void) => void;
type Manager = Client & Record<string, Method>;

const definition = loadSync([...MANAGEMENT_PROTOS], { ...PROTO_LOADING, defaults: true });

describe('management over gRPC', () => {
  let app: TestApp;
  const clients: Client[] = [];
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await app.stop();
  }, 60_000);

  function manager(service: 'TopicManager' | 'SubscriptionManager') {
    const root = loadPackageDefinition(definition) as unknown as {
      distributary: { management: { v1: Record<string, new (...args: unknown[]) => Manager> } };
    };
    const client = new root.distributary.management.v1[service](app.grpcAddress, credentials.createInsecure());
    clients.push(client);
    return (method: string, request: Fields, headers: Readonly<Record<string, string>> = {}): Promise<Fields> => {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      return new Promise((resolve, reject) => {
        client[method](request, metadata, (error, reply) =>
          error === null
            ? resolve(reply)
            : reject(Object.assign(new Error(error.details), errorOf(error.metadata, error.details))),
        );
      });
    };
  }

  it('creates, changes, lists, measures and deletes topics', async () => {
    const topics = manager('TopicManager');
    const name = `monitoring/teams/${randomUUID().slice(0, 8)}`;
    const attributes = { attributes: { names: ['metric'] } };
    const created = await topics('CreateTopic', {
      name,
      data_type: 'METRICS',
      partitions: 2,
      conflation_key: attributes,
    });
    expect(created).toMatchObject({ name, partitions: 2, priority: 5, enabled: true, retention_policy: '7d' });
    expect(created.conflation_key).toMatchObject(attributes);
    await expect(topics('CreateTopic', { name, data_type: 'METRICS' })).rejects.toMatchObject({ code: 'topic.exists' });

    const seen = { 'if-match': String(created.etag) };
    const changed = await topics('UpdateTopic', { name, priority: 2, conflation_key: { kind: 'none' } }, seen);
    expect(changed).toMatchObject({ name, priority: 2, conflation_key: { kind: 'none' } });
    await expect(topics('UpdateTopic', { name, priority: 3 }, seen)).rejects.toMatchObject({
      code: 'precondition.failed',
    });
    await expect(topics('UpdateTopic', { name, priority: 0 })).rejects.toMatchObject({ code: 'request.invalid' });
    expect(await topics('GetTopic', { name })).toEqual(changed);

    const page = await topics('ListTopics', { limit: 2 });
    expect(page).toMatchObject({ has_more: true });
    expect(page.items).toHaveLength(2);
    expect(await topics('GetTopicStats', { name })).toMatchObject({ name, events: 0, subscribers: 0 });
    await expect(topics('DeleteTopic', { name }, seen)).rejects.toMatchObject({ code: 'precondition.failed' });
    expect(await topics('DeleteTopic', { name })).toEqual({});
    await expect(topics('GetTopic', { name })).rejects.toMatchObject({ code: 'topic.not_found' });
    await expect(topics('GetTopic', {})).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('creates once what bears a key', async () => {
    const topics = manager('TopicManager');
    const request = { name: `monitoring/teams/${randomUUID().slice(0, 8)}`, data_type: 'ALERTS' };
    const key = { 'idempotency-key': randomUUID() };
    const [first, second] = await Promise.all([
      topics('CreateTopic', request, key),
      topics('CreateTopic', request, key),
    ]);
    expect(second).toEqual(first);
    await expect(topics('CreateTopic', { ...request, priority: 1 }, key)).rejects.toMatchObject({
      code: 'idempotency.conflict',
    });
  });

  it('manages durable subscriptions while they are read', async () => {
    const subscriptions = manager('SubscriptionManager');
    const [name, one, other] = [randomUUID(), aService(), aService()];
    const created = await subscriptions('CreateSubscription', {
      subscription_id: name,
      selection: alertsOf(one),
      options: { subscriber_service: 'desk', ack_timeout_ms: 9_000 },
      type: 'failover',
      start: { at: 'latest' },
    });
    expect(created).toMatchObject({ subscription_id: name, subscriber_service: 'desk', type: 'failover' });
    expect(created).toMatchObject({ ack_timeout_ms: 9_000, status: 'active' });
    expect(await subscriptions('GetSubscription', { subscription_id: name })).toEqual(created);
    const reader = await webSocketDoor.connect(app);
    reader.send('subscribe', { id: 's', name, type: 'failover', ...alertsOf(one) });
    const { generation } = await reader.record.next('subscribed');

    const changed = await subscriptions(
      'UpdateSubscription',
      { subscription_id: name, selection: alertsOf(other) },
      { 'if-match': String(created.etag) },
    );
    expect(changed.etag).not.toBe(created.etag);
    await reader.record.next('subscribed');
    const sent = alerts(other, 2);
    await app.publish(...alerts(one, 1), ...sent);
    expect(idsOf(await reader.record.events(2))).toEqual(idsOf(sent));
    expect(await subscriptions('GetSubscriptionHealth', { subscription_id: name })).toMatchObject({
      health: 'healthy',
      generation,
      is_owned: true,
      lag_events: 2,
    });
    const positions = reader.record.positions('s');
    await subscriptions('AcknowledgeSubscription', { subscription_id: name, generation, positions });
    expect((await subscriptions('GetSubscriptionStats', { subscription_id: name })).windows).toHaveLength(3);

    await subscriptions('SeekSubscription', { subscription_id: name, start: { at: 'earliest' } });
    const again = await reader.record.next('subscribed');
    expect(again.generation).toBeGreaterThan(generation as number);
    expect(idsOf(await reader.record.events(4))).toEqual(idsOf([...sent, ...sent]));
    const late = { subscription_id: name, generation, cursor: reader.record.cursor('s') };
    await expect(subscriptions('AcknowledgeSubscription', late)).rejects.toMatchObject({ code: 'generation.stale' });

    expect(await subscriptions('PauseSubscription', { subscription_id: name })).toMatchObject({ status: 'paused' });
    expect(await reader.record.next('error')).toMatchObject({ code: 'subscription.paused' });
    const list = { subscriber_service: 'desk', status: 'paused' };
    expect((await subscriptions('ListSubscriptions', list)).items).toMatchObject([{ subscription_id: name }]);
    expect(await subscriptions('ResumeSubscription', { subscription_id: name })).toMatchObject({ status: 'active' });
    expect(await subscriptions('DeleteSubscription', { subscription_id: name })).toMatchObject({ status: 'deleted' });
    await expect(subscriptions('GetSubscription', { subscription_id: name })).rejects.toMatchObject({
      code: 'subscription.not_found',
    });
    await expect(subscriptions('GetSubscription', {})).rejects.toMatchObject({ code: 'request.invalid' });
    await reader.close();
  });
});
