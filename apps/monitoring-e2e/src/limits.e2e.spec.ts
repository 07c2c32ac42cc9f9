import { once } from 'node:events';
import net from 'node:net';
import { status, type ServiceError } from '@grpc/grpc-js';
import { until } from '@distributary/distribution-core/testing';
import WebSocket from 'ws';
import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { errorOf, grpcClient } from './doors/grpc.js';
import { connectWebSocket } from './doors/web-socket.js';
import { alertsOf, aService } from './events.js';
import { TestApp } from './harness.js';

const TOPICS = '/api/v1/monitoring/topics?limit=1';

async function withApp(env: Record<string, string>, work: (app: TestApp) => Promise<void>): Promise<void> {
  const app = await TestApp.start(env);
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

describe('limits of requests', () => {
  it(
    'are told with every answer of REST',
    () =>
      withApp({ RATE_LIMIT_PER_KEY: '50', RATE_LIMIT_PER_KEY_BURST: '100' }, async (app) => {
        const remaining = async (path: string) => {
          const { headers } = await app.get(path);
          expect(headers.get('ratelimit-policy')).toBe('"address";q=8000;w=2, "key";q=100;w=2');
          return Number(/"key";r=(\d+);t=\d+/.exec(headers.get('ratelimit') ?? '')?.[1]);
        };
        const first = await remaining(TOPICS);
        expect(first).toBeGreaterThan(90);
        expect(await remaining('/nowhere')).toBeLessThanOrEqual(first);
        for (const open of ['/health/live', '/metrics']) {
          expect((await app.get(open)).headers.get('ratelimit')).toBeNull();
        }
      }),
    60_000,
  );

  it.each([
    ['key', { RATE_LIMIT_PER_KEY: '1', RATE_LIMIT_PER_KEY_BURST: '3' }],
    ['address', { RATE_LIMIT_PER_ADDRESS: '1', RATE_LIMIT_PER_ADDRESS_BURST: '3' }],
  ])(
    'per %s answer 429 with the time to come back, over REST and gRPC',
    (policy, env) =>
      withApp(env, async (app) => {
        const answers = [];
        for (let index = 0; index < 5; index++) answers.push(await app.get(TOPICS));
        const refused = answers[4];
        expect(answers[0].status).toBe(200);
        expect(refused).toMatchObject({ status: 429, body: { code: 'quota.exceeded' } });
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(refused.headers.get('ratelimit')).toContain(`"${policy}";r=0`);
        expect((await app.get('/health/live')).status).toBe(200);
        const client = grpcClient(app);
        const call = client.StreamMonitoring({});
        const [error] = (await once(call, 'error').catch((thrown: unknown) => [thrown])) as [ServiceError];
        expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
        expect(errorOf(error.metadata, error.details)).toMatchObject({
          code: 'quota.exceeded',
          retry_after_ms: expect.any(Number),
        });
        client.close();
      }),
    60_000,
  );

  it(
    'hold WebSocket handshakes back, too',
    () =>
      withApp({ HANDSHAKES_PER_SECOND: '1', HANDSHAKES_BURST: '2' }, async (app) => {
        const handshake = async () => {
          const socket = new WebSocket(`${app.streamUrl.replace('http', 'ws')}?data_types=ALERTS`);
          const answer = await new Promise<number | string | undefined>((resolve) => {
            socket.on('open', () => resolve(101));
            socket.on('unexpected-response', (_request, response) =>
              resolve(response.statusCode === 429 ? response.headers['retry-after'] : response.statusCode),
            );
          });
          socket.on('error', () => undefined);
          socket.terminate();
          return answer;
        };
        expect([await handshake(), await handshake(), await handshake()]).toEqual([101, 101, '1']);
      }),
    60_000,
  );
});

describe('limits of connections', () => {
  it.each(['MAX_CONNECTIONS_PER_KEY', 'MAX_CONNECTIONS_PER_ADDRESS'])(
    '%s holds at every door',
    (limit) =>
      withApp({ [limit]: '1' }, async (app) => {
        const service = aService();
        for (const door of STREAM_DOORS) {
          const first = await subscribed(door, app, alertsOf(service));
          const second = await door.open(app, alertsOf(service));
          const end = await second.record.ended();
          if (door.name.startsWith('gRPC')) {
            expect([door.name, end.code]).toEqual([door.name, status.RESOURCE_EXHAUSTED]);
          } else if (door.name.startsWith('WebSocket')) {
            expect([door.name, end.code]).toEqual([door.name, 4429]);
          } else {
            expect(await second.record.next('bye')).toMatchObject({ code: 4429, reason: 'quota' });
          }
          await first.close();
          await until('the first to be gone', async () =>
            /^stream_sessions\S* 0$/m.test(String((await app.get('/metrics')).body.text)),
          );
        }
      }),
    60_000,
  );

  it(
    'count the subscriptions of one connection',
    () =>
      withApp({ MAX_SUBSCRIPTIONS_PER_SESSION: '1' }, async (app) => {
        const client = await connectWebSocket(app);
        client.send('subscribe', { id: 'one', data_types: ['ALERTS'] });
        await client.record.next('subscribed');
        client.send('subscribe', { id: 'two', data_types: ['METRICS'] });
        expect(await client.record.next('error')).toMatchObject({ id: 'two', code: 'quota.exceeded' });
        await client.close();
      }),
    60_000,
  );

  it(
    'close with 4413 who sends a message that is too big',
    () =>
      withApp({ MAX_FRAME_BYTES: '2048' }, async (app) => {
        const client = await connectWebSocket(app);
        client.send('ping', 'x'.repeat(4_000));
        expect(await client.record.ended()).toMatchObject({ code: 4413 });
        const other = await connectWebSocket(app);
        other.send('ping', 'x'.repeat(1_000));
        await other.record.next('pong');
        await other.close();
      }),
    60_000,
  );

  it(
    'cut off connections that say nothing when there are too many of them',
    () =>
      withApp({ MAX_CONCURRENT_HANDSHAKES: '3' }, async (app) => {
        const { hostname, port } = new URL(app.httpUrl);
        const sockets = Array.from({ length: 5 }, () => net.connect({ host: hostname, port: Number(port) }));
        let cut = 0;
        for (const socket of sockets) {
          socket.on('error', () => undefined);
          socket.on('close', () => cut++);
        }
        await until('two to be cut off', () => cut === 2);
        for (const socket of sockets) socket.destroy();
        await until('the service', () =>
          app.get('/health/live').then(
            ({ status: code }) => code === 200,
            () => false,
          ),
        );
      }),
    60_000,
  );
});
