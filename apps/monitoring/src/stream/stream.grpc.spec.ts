import { createRequire } from 'node:module';
import { logVerbosity, type ServiceError, setLogVerbosity, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MONITORING_PACKAGE, PROTO_LOADING } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { GRPC_CODE_KEY, GRPC_PROBLEMS_KEY } from '@distributary/distribution-nest';
import { asked, type Fields, type GrpcClient, grpcClient, listening } from '../testing/grpc-client.js';
import { runApp, type TestApp } from '../testing/running-app.js';

const SERVICE = `${MONITORING_PACKAGE}.MonitoringStream`;
const TOPIC = 'monitoring/alerts/critical';

let alerts = 0;
/** An alert of a service that nothing else speaks of. */
const alert = (service: string) => ({
  event_id: `alert-${++alerts}`,
  data_type: 'ALERTS',
  data: { alert_id: `a${alerts}`, service_name: service, metric_name: 'latency', current_value: 5, threshold: 1 },
  metadata: { source_service: service, severity: 'CRITICAL' },
});
const bytesOf = (event: object) => Buffer.from(JSON.stringify(event));

describe('MonitoringStream', () => {
  let app: TestApp;
  let client: GrpcClient;

  beforeAll(async () => {
    app = await runApp();
    client = grpcClient(SERVICE, app.grpcPort);
  }, 60_000);

  afterAll(async () => {
    client.close();
    await app.close();
  }, 60_000);

  const publish = async (service: string, count = 1) => {
    const events = Array.from({ length: count }, () => alert(service));
    await asked(client, 'Publish', { events: events.map(bytesOf) });
    return events.map((event) => event.event_id);
  };
  const refused = (request: Fields, method: 'Publish' | 'ManageSubscription' = 'ManageSubscription') =>
    asked(client, method, request).then(
      () => Promise.reject(new Error('was not refused')),
      (error: ServiceError) => ({
        status: error.code,
        code: error.metadata.get(GRPC_CODE_KEY)[0],
        problems: error.metadata.get(GRPC_PROBLEMS_KEY).flatMap((bytes) => JSON.parse(String(bytes)) as Fields[]),
      }),
    );
  const idsOf = (events: readonly Fields[]) => events.map((event) => event.event_id);

  describe('Publish', () => {
    it('takes events as the REST door takes them, and tells copies', async () => {
      const event = alert('publishing');
      const first = await asked(client, 'Publish', { events: [bytesOf(event)] });
      const second = await asked(client, 'Publish', { events: [bytesOf(event)] });
      expect(first.results).toMatchObject([{ event_id: event.event_id, duplicate: false, topic: TOPIC }]);
      expect(second.results).toMatchObject([{ event_id: event.event_id, duplicate: true }]);
    });

    it.each([
      ['no events', [], 'events'],
      ['what is no JSON', [Buffer.from('{')], 'events[0]'],
      ['what is no monitoring event', [bytesOf({ data_type: 'WEATHER' })], 'events[0].data_type'],
    ])('refuses %s', async (_what, events, path) => {
      const error = await refused({ events }, 'Publish');
      expect(error).toMatchObject({ status: status.INVALID_ARGUMENT, code: 'request.invalid' });
      expect(error.problems.map((problem) => problem.path)).toContain(path);
    });
  });

  describe('StreamMonitoring', () => {
    it('delivers the selected events in their types', async () => {
      const call = client.StreamMonitoring({ data_types: ['ALERTS'], services: ['typed'] });
      const told = listening(call);
      await until('the subscription', () => told.messages.some((message) => message.subscribed));
      await publish('others');
      const ids = await publish('typed', 2);
      const events = () => told.messages.flatMap((message) => message.events as Fields[]);
      await until('the events', () => events().length === 2);
      expect(idsOf(events())).toEqual(ids);
      expect(events()[0]).toMatchObject({
        data_type: 'ALERTS',
        routing: { topic: TOPIC, routing_key: 'typed.alert.critical', priority: 1 },
        metadata: { source_service: 'typed', severity: 'CRITICAL' },
      });
      expect(JSON.parse(String(events()[0].data))).toMatchObject({ service_name: 'typed', current_value: 5 });
      call.cancel();
    });

    it('takes a filter as CEL text and starts where it is told', async () => {
      const ids = await publish('from-the-start', 2);
      const filter = 'service == "from-the-start" && severity == "CRITICAL"';
      // Only alerts: an incident of the same service and severity follows them.
      const call = client.StreamMonitoring({ data_types: ['ALERTS'], filter, start: { at: 'earliest' } });
      const told = listening(call);
      const events = () => told.messages.flatMap((message) => message.events as Fields[]);
      await until('the events', () => events().length === 2);
      expect(idsOf(events())).toEqual(ids);
      call.cancel();
    });

    it('ends with INVALID_ARGUMENT for data types that there are not', async () => {
      const told = listening(client.StreamMonitoring({ data_types: ['MONITORING_DATA_TYPE_UNSPECIFIED'] }));
      const error = await until('the refusal', () => told.error);
      expect(error.code).toBe(status.INVALID_ARGUMENT);
      expect(error.details).toContain('data_types[0]: must be one of METRICS');
    });
  });

  describe('Exchange', () => {
    const durable = { id: 's', name: 'pager', services: ['exchanged'], data_types: ['ALERTS'] };
    const open = async () => {
      const call = client.Exchange();
      const told = listening(call);
      call.write({ subscribe: durable });
      const subscribed = await until('the subscription', () => told.of('subscribed')[0]);
      return { call, told, generation: subscribed.generation };
    };

    it('resumes a durable subscription after what was acknowledged', async () => {
      const first = await open();
      const ids = await publish('exchanged', 3);
      await until('the events', () => first.told.events().length === 3);
      const [{ lane, epoch, pos }] = first.told.of('data').slice(-1);
      const [topic, partition] = String(lane).split('#');
      const acked = { topic, partition: Number(partition), epoch, position: pos };
      first.call.write({ ack: { id: 's', generation: first.generation, positions: [acked] } });
      await until('the stored position', async () => {
        const reply = await asked(client, 'ManageSubscription', { action: 'GET', subscription_id: 'pager' });
        return (reply.positions as Fields[]).some((stored) => stored.position === pos);
      });
      first.call.write({ unsubscribe: { id: 's' } });
      await until('the end', () => first.told.of('unsubscribed').length === 1);
      first.call.cancel();
      const later = await publish('exchanged', 2);
      const second = await open();
      await until('the rest', () => second.told.events().length === 2);
      expect(idsOf(first.told.events())).toEqual(ids);
      expect(idsOf(second.told.events())).toEqual(later);
      second.call.cancel();
    });
  });

  describe('ManageSubscription', () => {
    const manage = (action: string, subscription_id: string, fields: Fields = {}) =>
      asked(client, 'ManageSubscription', { action, subscription_id, ...fields });

    it('creates, tells, and deletes a durable subscription', async () => {
      const created = await manage('CREATE', 'night-shift', {
        data_types: ['ALERTS'],
        services: ['night'],
        filter: 'severity == "CRITICAL"',
        type: 'failover',
      });
      expect(created).toMatchObject({
        subscription_id: 'night-shift',
        subscriber_service: 'night-shift',
        patterns: ['monitoring/#'],
        type: 'failover',
        delivery_guarantee: 'at_least_once',
        slow_policy: 'block',
        status: 'active',
      });
      // Of each lane, at this moment.
      expect((created.positions as Fields[]).length).toBeGreaterThan(5);
      expect(JSON.parse(created.filter as string)).toMatchObject({
        op: 'and',
        filters: [{ values: ['ALERTS'] }, { values: ['night'] }, { attribute: 'severity', value: 'CRITICAL' }],
      });
      const { created_at: createdAt, ...others } = await manage('GET', 'night-shift');
      expect(created).toMatchObject(others);
      expect(Date.parse(String(createdAt))).not.toBeNaN();
      expect(await manage('DELETE', 'night-shift')).toMatchObject({ status: 'deleted', type: 'failover' });
      expect(await refused({ action: 'GET', subscription_id: 'night-shift' })).toMatchObject({
        status: status.NOT_FOUND,
        code: 'subscription.not_found',
      });
    });

    it('makes subscriptions that a stream can take up by their name', async () => {
      await manage('CREATE', 'taken-up', { patterns: [TOPIC], keys: ['prepared.#'] });
      const call = client.Exchange();
      const told = listening(call);
      call.write({ subscribe: { id: 's', name: 'taken-up', patterns: [TOPIC], keys: ['prepared.#'] } });
      await until('the subscription', () => told.of('subscribed').length === 1);
      const ids = await publish('prepared');
      await until('the event', () => told.events().length === 1);
      expect(idsOf(told.events())).toEqual(ids);
      call.cancel();
    });

    it('pauses: whoever reads is cut off, nobody else may; resumes where it stood', async () => {
      const subscribe = { id: 's', name: 'paused-one', patterns: [TOPIC], services: ['pausing'] };
      const first = client.Exchange();
      const cut = listening(first);
      first.write({ subscribe });
      await until('the subscription', () => cut.of('subscribed').length === 1);
      expect(await manage('PAUSE', 'paused-one')).toMatchObject({ status: 'paused' });
      const refusals = () => cut.of('error').filter((error) => error.code === 'subscription.paused').length;
      await until('the cut', () => refusals() === 1);
      const ids = await publish('pausing');
      first.write({ subscribe });
      await until('the refusal', () => refusals() === 2);
      expect(cut.events()).toEqual([]);
      expect(await manage('RESUME', 'paused-one')).toMatchObject({ status: 'active' });
      first.write({ subscribe });
      await until('the event', () => cut.events().length === 1);
      expect(idsOf(cut.events())).toEqual(ids);
      first.cancel();
    }, 30_000);

    it('lists page by page', async () => {
      for (const name of ['zz-1', 'zz-2', 'zz-3']) await manage('CREATE', name);
      const first = await manage('LIST', '', { limit: 2, cursor: 'zz' });
      expect(first).toMatchObject({ has_more: true, cursor: 'zz-2' });
      const second = await manage('LIST', '', { limit: 2, cursor: first.cursor });
      const names = [...(first.items as Fields[]), ...(second.items as Fields[])].map((item) => item.subscription_id);
      expect(names).toEqual(['zz-1', 'zz-2', 'zz-3']);
    });

    it('refuses a name that is taken', async () => {
      await manage('CREATE', 'only-once');
      expect(await refused({ action: 'CREATE', subscription_id: 'only-once' })).toMatchObject({
        status: status.ALREADY_EXISTS,
        code: 'subscription.exists',
      });
    });

    it.each(['GET', 'PAUSE', 'RESUME', 'DELETE'])('answers %s of what is not there with NOT_FOUND', async (action) => {
      expect(await refused({ action, subscription_id: 'nobody' })).toMatchObject({ status: status.NOT_FOUND });
    });

    it.each<[string, Fields, string[]]>([
      ['nothing', {}, ['action', 'subscription_id']],
      ['no action', { subscription_id: 'x' }, ['action']],
      ['no name', { action: 'GET' }, ['subscription_id']],
      ['a name without end', { action: 'CREATE', subscription_id: 'x'.repeat(101) }, ['subscription_id']],
      [
        'words that are none',
        { action: 'CREATE', subscription_id: 'x', type: 'mine', delivery_guarantee: 'some', slow_policy: 'wait' },
        ['type', 'delivery_guarantee', 'slow_policy'],
      ],
      [
        'patterns and types that are none',
        { action: 'CREATE', subscription_id: 'x', patterns: ['a/#/b'], data_types: [0] },
        ['patterns[0]', 'data_types[0]'],
      ],
      ['a filter that is none', { action: 'CREATE', subscription_id: 'x', filter: 'severity ==' }, ['filter']],
      ['a filter that is no JSON', { action: 'CREATE', subscription_id: 'x', filter: '{"all"' }, ['filter']],
      [
        'a policy that breaks the guarantee, and that its type does not have',
        { action: 'CREATE', subscription_id: 'x', slow_policy: 'conflate', type: 'shared' },
        ['slow_policy', 'slow_policy'],
      ],
    ])('refuses %s with its problems', async (_what, request, paths) => {
      const error = await refused(request);
      expect(error).toMatchObject({ status: status.INVALID_ARGUMENT, code: 'request.invalid' });
      expect(error.problems.map((problem) => problem.path)).toEqual(paths);
    });
  });

  it('is described by reflection', async () => {
    const proto = '@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto';
    const definition = loadSync(createRequire(import.meta.url).resolve(proto), PROTO_LOADING);
    const reflection = grpcClient('grpc.reflection.v1.ServerReflection', app.grpcPort, {}, definition);
    const { ServerReflectionInfo } = reflection as unknown as {
      ServerReflectionInfo(): ReturnType<GrpcClient['Exchange']>;
    };
    const call = ServerReflectionInfo.call(reflection);
    const told = listening(call);
    call.write({ list_services: '' });
    await until('the list', () => told.messages.length === 1);
    call.cancel();
    reflection.close();
    const { service } = told.messages[0].list_services_response as { service: { name: string }[] };
    expect(service.map(({ name }) => name)).toEqual(expect.arrayContaining([SERVICE, 'grpc.health.v1.Health']));
  });

  it('is not started on a port that is taken', async () => {
    // grpc-js would write it to the console.
    setLogVerbosity(logVerbosity.NONE);
    const second = runApp({ GRPC_PORT: String(app.grpcPort) });
    await expect(second).rejects.toThrow('the start step listen failed');
    setLogVerbosity(logVerbosity.ERROR);
  }, 60_000);

  it.each(['', SERVICE])('serves, says its health service of "%s"', async (service) => {
    const health = grpcClient('grpc.health.v1.Health', app.grpcPort);
    expect(await asked(health, 'Check', { service })).toMatchObject({ status: 'SERVING' });
    health.close();
  });

  it('refuses callers that know it by another name', async () => {
    const stranger = grpcClient(SERVICE, app.grpcPort, { 'grpc.default_authority': 'evil.example' });
    await expect(asked(stranger, 'Publish', { events: [] })).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    stranger.close();
  });
});

describe('a service that is told to stop', () => {
  it('says that it does not serve any more, and ends its streams', async () => {
    const app = await runApp();
    const client = grpcClient(SERVICE, app.grpcPort);
    const health = grpcClient('grpc.health.v1.Health', app.grpcPort);
    const watched = listening(
      (health as unknown as { Watch(request: Fields): ReturnType<GrpcClient['Exchange']> }).Watch({}),
    );
    const told = listening(client.Exchange());
    await until('the welcome', () => told.of('welcome').length === 1);
    await app.close();
    expect(watched.messages).toMatchObject([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
    expect((await until('the end', () => told.error)).metadata.get(GRPC_CODE_KEY)).toEqual(['draining']);
    client.close();
    health.close();
  }, 60_000);
});
