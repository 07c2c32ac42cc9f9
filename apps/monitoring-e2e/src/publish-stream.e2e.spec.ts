import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { until } from '@distributary/distribution-core/testing';
import { subscribed } from './doors/door.js';
import { grpcClient } from './doors/grpc.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, anAlert, aService, type EventInput, idsOf } from './events.js';
import { TestApp } from './harness.js';

interface Ack {
  readonly request: number;
  readonly results: readonly { readonly event_id: string; readonly duplicate: boolean }[];
  readonly error: { readonly code: string; readonly errors: readonly object[] } | null;
}

function publishing(app: TestApp) {
  const client = grpcClient(app) as ReturnType<typeof grpcClient> & {
    PublishStream(): ClientDuplexStream<object, Ack>;
  };
  const call = client.PublishStream();
  const told = { acks: [] as Ack[], end: undefined as number | undefined };
  call.on('data', (ack: Ack) => told.acks.push(ack));
  call.on('error', (error: ServiceError) => (told.end = error.code));
  call.on('end', () => (told.end ??= status.OK));
  const send = (events: readonly (EventInput | object)[]) =>
    call.write({ events: events.map((event) => Buffer.from(JSON.stringify(event))) });
  return { call, client, told, send };
}

describe('publishing by a gRPC stream', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('answers batch after batch, and subscribers have the events in their order', async () => {
    const service = aService();
    const reader = await subscribed(webSocketDoor, app, alertsOf(service));
    const { call, client, told, send } = publishing(app);
    const events = alerts(service, 500);
    for (let from = 0; from < events.length; from += 10) send(events.slice(from, from + 10));
    call.end();
    await until('the end', () => told.end !== undefined);
    expect(told.end).toBe(status.OK);
    expect(told.acks.map(({ request }) => request)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
    expect(told.acks.flatMap(({ results }) => idsOf(results))).toEqual(idsOf(events));
    expect(idsOf(await reader.record.events(500))).toEqual(idsOf(events));
    client.close();
    await reader.close();
  });

  it('tells of a batch that is refused, and takes the next', async () => {
    const service = aService();
    const { call, client, told, send } = publishing(app);
    const event = anAlert(service);
    send([event]);
    send([{ ...event, data_type: 'WEATHER' }, {}]);
    send([event]);
    await until('the answers', () => told.acks.length === 3);
    expect(told.acks[1]).toMatchObject({ request: 2, results: [], error: { code: 'request.invalid' } });
    expect(told.acks[1].error?.errors).toContainEqual(expect.objectContaining({ path: 'events[0].data_type' }));
    expect(told.acks[2].results).toMatchObject([{ event_id: event.event_id, duplicate: true }]);
    call.cancel();
    client.close();
  });

  it('ends with the service, after what was taken is answered', async () => {
    const own = await TestApp.start();
    try {
      const service = aService();
      const { client, told, send } = publishing(own);
      send([anAlert(service)]);
      await until('the answer', () => told.acks.length === 1);
      const reports = await own.drain();
      expect(reports.map(({ outcome }) => outcome)).toEqual(reports.map(() => 'done'));
      await until('the end', () => told.end !== undefined);
      expect(told.end).toBe(status.UNAVAILABLE);
      client.close();
    } finally {
      await own.stop();
    }
  }, 60_000);
});
