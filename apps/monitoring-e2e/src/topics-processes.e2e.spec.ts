import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { openSharedStores, type SharedStores } from '@distributary/distribution-service/testing';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { grpcClient } from './doors/grpc.js';
import { webSocketDoor } from './doors/web-socket.js';
import { anAlert, aService, type EventInput, idsOf } from './events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/monitoring';
type Publishing = (app: TestApp, event: EventInput) => Promise<readonly { readonly event_id: string }[]>;

const byCommand =
  (door: (typeof COMMAND_DOORS)[number]): Publishing =>
  async (app, event) => {
    const stream = await door.connect(app);
    stream.send('publish', { id: 'p', events: [event] });
    const { results } = await stream.record.next('published');
    await stream.close();
    return results as readonly { event_id: string }[];
  };

const byStream: Publishing = async (app, event) => {
  const client = grpcClient(app) as ReturnType<typeof grpcClient> & {
    PublishStream(): ClientDuplexStream<object, { readonly results: readonly { readonly event_id: string }[] }>;
  };
  const call = client.PublishStream();
  const acks: { readonly results: readonly { readonly event_id: string }[] }[] = [];
  call.on('data', (ack: (typeof acks)[number]) => acks.push(ack));
  call.write({ events: [Buffer.from(JSON.stringify(event))] });
  await until('the answer', () => acks.length === 1);
  call.end();
  client.close();
  return acks[0].results;
};

/*
 *   POST topics ──▶ service one ──▶ PostgreSQL ◀── each second ── service two ◀── publish, subscribe
 */
describe('a topic that one process has just made', () => {
  let stores: SharedStores;
  const apps: TestApp[] = [];
  beforeAll(async () => {
    stores = await openSharedStores();
    apps.push(await TestApp.start(stores.env), await TestApp.start(stores.env));
    // The first call of a process takes long enough for it to hear of a topic meanwhile.
    for (const app of apps) await app.publish(anAlert(aService()));
  }, 120_000);
  afterAll(async () => {
    for (const app of apps) await app.stop();
    await stores.close();
  }, 60_000);

  const aTopic = async (): Promise<string> => {
    const name = `monitoring/teams/${randomUUID().slice(0, 8)}`;
    expect(await apps[0].post(`${API}/topics`, { name, data_type: 'ALERTS' })).toMatchObject({ status: 201 });
    return name;
  };
  const eventOf = (topic: string) => anAlert(aService(), { routing: { topic, routing_key: 'team.alert' } });

  it.each<[string, Publishing]>([
    ['REST', (app, event) => app.publish(event)],
    ...COMMAND_DOORS.map((door): [string, Publishing] => [door.name, byCommand(door)]),
    ['gRPC PublishStream', byStream],
  ])('takes events of another one at once, by %s', async (_, publish) => {
    const event = eventOf(await aTopic());
    expect(idsOf(await publish(apps[1], event))).toEqual([event.event_id]);
  });

  it.each(STREAM_DOORS)('is subscribed to at another one at once, by $name', async (door) => {
    const topic = await aTopic();
    const reader = await subscribed(door, apps[1], { patterns: [topic] });
    const event = eventOf(topic);
    await apps[0].publish(event);
    expect(idsOf(await reader.record.events(1))).toEqual([event.event_id]);
    await reader.close();
  });

  it.each(['exclusive', 'shared'] as const)('has an %s subscription at another one at once', async (type) => {
    const topic = await aTopic();
    const selection = { name: randomUUID(), type, patterns: [topic] };
    const reader = await subscribed(webSocketDoor, apps[1], selection);
    const event = eventOf(topic);
    await apps[0].publish(event);
    expect(idsOf(await reader.record.events(1))).toEqual([event.event_id]);
    await reader.close();
  });

  it('is read at another one at once', async () => {
    const topic = await aTopic();
    const answer = await apps[1].get(`${API}/events?patterns=${encodeURIComponent(topic)}`);
    expect(answer).toMatchObject({ status: 200, body: { has_more: false } });
  });

  it('is refused when it was never made', async () => {
    const topic = `monitoring/teams/${randomUUID()}`;
    const answer = await apps[1].post(`${API}/events`, eventOf(topic));
    expect(answer).toMatchObject({ status: 404, body: { code: 'topic.not_found' } });
  });
});
