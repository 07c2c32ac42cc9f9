import { type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { until } from '@distributary/distribution-core/testing';
import { aJwt, makeKey, startSecured } from './access.js';
import { grpcClient } from './doors/grpc.js';
import { anAlert, aService } from './events.js';
import type { TestApp } from './harness.js';

const WEBHOOK = '/api/v1/monitoring/alertmanager/webhook';
const EVENTS = '/api/v1/monitoring/events';

const notification = {
  version: '4',
  alerts: [{ status: 'firing', labels: { alertname: 'x', severity: 'critical' }, startsAt: '2026-01-02T03:04:05Z' }],
};
const metrics = {
  resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{ asInt: 1 }] } }] }] }],
};
const cloudEvent = JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 'alert', data: {} });

let app: TestApp;
let admin: TestApp;
beforeAll(async () => {
  ({ app, admin } = await startSecured());
}, 60_000);
afterAll(() => app.stop());

/** OTLP, Alertmanager, CloudEvents. */
const answersTo = async (caller: TestApp): Promise<number[]> => {
  const replies = [
    await caller.post('/v1/metrics', metrics),
    await caller.post(WEBHOOK, notification),
    await caller.postBytes(EVENTS, cloudEvent, 'application/cloudevents+json'),
  ];
  return replies.map((reply) => reply.status);
};

describe('the ways in for others', () => {
  it('are open to those who may publish, each to the topics that are theirs', async () => {
    expect(await answersTo(app)).toEqual([401, 401, 401]);
    expect(await answersTo(admin)).toEqual([200, 202, 202]);
    const reader = app.as((await makeKey(admin, [{ verbs: ['read', 'subscribe'] }])).key);
    expect(await answersTo(reader)).toEqual([403, 403, 403]);
    const meter = app.as((await makeKey(admin, [{ verbs: ['publish'], topic_pattern: 'monitoring/metrics' }])).key);
    expect(await answersTo(meter)).toEqual([200, 403, 403]);
  });

  it('look at nothing of those who may not publish anything', async () => {
    const reader = app.as((await makeKey(admin, [{ verbs: ['read'] }])).key);
    expect((await reader.post('/v1/metrics', { resourceMetrics: 'none' })).status).toBe(403);
    expect((await reader.post(WEBHOOK, { alerts: 'none' })).status).toBe(403);
  });

  it('say in the words of OTLP who may not', async () => {
    const reader = app.as((await makeKey(admin, [{ verbs: ['read'] }])).key);
    expect((await reader.post('/v1/metrics', metrics)).body).toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it('lead into the tenant of the caller, who has no topics of another', async () => {
    expect(await answersTo(app.as(await aJwt({ tenant: 'acme' })))).toEqual([404, 404, 404]);
  });
});

interface Ack {
  readonly results: readonly object[];
}

describe('a gRPC stream that publishes', () => {
  function publishing(token: string | undefined) {
    const client = grpcClient(app) as ReturnType<typeof grpcClient> & {
      PublishStream(metadata: Metadata): ClientDuplexStream<object, Ack>;
    };
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    const call = client.PublishStream(metadata);
    const told = { acks: [] as Ack[], end: undefined as number | undefined };
    call.on('data', (ack: Ack) => told.acks.push(ack));
    call.on('error', (error: ServiceError) => (told.end = error.code));
    const send = () => call.write({ events: [Buffer.from(JSON.stringify(anAlert(aService())))] });
    return { client, told, send };
  }

  it('is refused without a key', async () => {
    const { client, told, send } = publishing(undefined);
    send();
    await until('the status', () => told.end);
    expect(told).toEqual({ acks: [], end: status.UNAUTHENTICATED });
    client.close();
  });

  it('takes nothing more once its key is revoked', async () => {
    const { id, key } = await makeKey(admin, [{ verbs: ['publish'] }]);
    const { client, told, send } = publishing(key);
    send();
    await until('the answer', () => told.acks.length === 1);
    expect(told.acks[0].results).toHaveLength(1);
    expect((await admin.delete(`/api/v1/monitoring/api-keys/${id}`)).status).toBe(200);
    await until('the status', () => {
      if (told.end === undefined) send();
      return told.end;
    });
    expect(told.end).toBe(status.UNAUTHENTICATED);
    client.close();
  });
});
