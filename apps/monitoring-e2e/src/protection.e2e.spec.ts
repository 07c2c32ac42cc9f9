import { once } from 'node:events';
import http from 'node:http';
import { status, type ServiceError } from '@grpc/grpc-js';
import WebSocket from 'ws';
import { errorOf, grpcClient } from './doors/grpc.js';
import { connectWebSocket } from './doors/web-socket.js';
import { TestApp } from './harness.js';

type Headers = Readonly<Record<string, string>>;

/** Over node:http, since fetch sets some of these headers by itself. */
async function ask(app: TestApp, path: string, headers: Headers, method = 'GET') {
  const request = http.request(app.httpUrl + path, { method, headers, agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  if (!String(response.headers['content-type']).startsWith('text/event-stream')) {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  }
  request.destroy();
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}

async function handshake(app: TestApp, headers: Headers): Promise<number> {
  const socket = new WebSocket(app.streamUrl.replace('http', 'ws'), { headers });
  const answered = new Promise<number>((resolve, reject) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode as number));
    socket.on('error', reject);
  });
  const result = await answered;
  socket.on('error', () => undefined);
  socket.terminate();
  return result;
}

const REFUSED: [what: string, headers: Headers][] = [
  ['a host name that is not ours (DNS rebinding)', { host: 'evil.example' }],
  ['a host name with one of ours in front', { host: '127.0.0.1.evil.example' }],
  ['a page of another site', { origin: 'https://evil.example' }],
  ['a page of another port', { origin: 'http://127.0.0.1:1' }],
  ['a page without an origin', { origin: 'null' }],
];

describe('a caller', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ ALLOWED_HOSTS: 'monitor.example.com', ALLOWED_ORIGINS: 'https://console.example.com' });
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const paths = [
    ['GET', '/api/v1/monitoring/topics'],
    ['GET', '/api/v1/monitoring/stream?data_types=ALERTS'],
    ['POST', '/api/v1/monitoring/events'],
    ['GET', '/health/live'],
    ['GET', '/metrics'],
    ['GET', '/api/openapi.json'],
    ['GET', '/api/docs'],
    ['GET', '/nowhere'],
  ];

  describe.each(REFUSED)('that is %s', (_what, headers) => {
    it.each(paths)('is refused by HTTP: %s %s', async (method, path) => {
      const reply = await ask(app, path, headers, method);
      expect(reply.status).toBe(403);
      expect(JSON.parse(reply.body)).toMatchObject({ status: 403, code: 'origin.refused' });
    });

    it('is refused at the WebSocket handshake', async () => {
      expect(await handshake(app, headers)).toBe(403);
    });
  });

  it.each([
    ['a host name that is not ours', { 'grpc.default_authority': 'evil.example' }],
    ['a host name with one of ours in front', { 'grpc.default_authority': '127.0.0.1.evil.example' }],
  ])('over gRPC that has %s is refused', async (_what, options) => {
    for (const method of ['Exchange', 'StreamMonitoring'] as const) {
      const client = grpcClient(app, options);
      const call = client[method]({} as never);
      const [error] = (await once(call, 'error').catch((thrown: unknown) => [thrown])) as [ServiceError];
      expect(error.code).toBe(status.PERMISSION_DENIED);
      expect(errorOf(error.metadata, error.details).code).toBe('origin.refused');
      client.close();
    }
  });

  it.each([
    ['with no origin', {}],
    ['that is a listed host', { host: 'monitor.example.com' }],
    ['that is a page of a listed origin', { origin: 'https://console.example.com' }],
    [
      'that is a page of the listed host itself',
      { host: 'monitor.example.com', origin: 'https://monitor.example.com' },
    ],
    ['under the name localhost', { host: 'localhost:7101' }],
  ])('%s is served', async (_what, headers) => {
    expect((await ask(app, '/health/live', headers as Headers)).status).toBe(200);
    expect((await ask(app, '/api/v1/monitoring/stream?data_types=ALERTS', headers as Headers)).status).toBe(200);
    expect(await handshake(app, headers as Headers)).toBe(101);
  });

  it('is told with every reply under which trace it was served', async () => {
    const traceId = 'a'.repeat(32);
    const traced = await app.get('/health/live', { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` });
    expect(traced.headers.get('x-trace-id')).toBe(traceId);
    const [one, other] = [await app.get('/health/live'), await app.get('/nowhere')];
    for (const reply of [one, other]) expect(reply.headers.get('x-trace-id')).toMatch(/^[\da-f]{32}$/);
    expect(one.headers.get('x-trace-id')).not.toBe(other.headers.get('x-trace-id'));
    expect(other).toMatchObject({
      status: 404,
      body: { code: 'route.not_found', trace_id: other.headers.get('x-trace-id') },
    });
  });

  it('of another path cannot open a WebSocket', async () => {
    const socket = new WebSocket(`${app.httpUrl.replace('http', 'ws')}/other`);
    await expect(once(socket, 'open')).rejects.toThrow();
    // The door itself is unharmed.
    await (await connectWebSocket(app)).close();
  });
});
