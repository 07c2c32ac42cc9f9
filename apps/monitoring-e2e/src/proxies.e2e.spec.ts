import { Metadata, type ServiceError } from '@grpc/grpc-js';
import WebSocket from 'ws';
import { until } from '@distributary/distribution-core/testing';
import { startSecured } from './access.js';
import { clientOf } from './doors/grpc-service.js';
import { TestApp } from './harness.js';

/** One request at once and hardly another one. */
const TIGHT = { RATE_LIMIT_PER_ADDRESS: '1', RATE_LIMIT_PER_ADDRESS_BURST: '1' };
const TOPICS = '/api/v1/monitoring/topics';

const from = (address: string) => ({ 'x-forwarded-for': address });

/** Of a WebSocket handshake. */
function handshake(app: TestApp, address: string): Promise<number> {
  const socket = new WebSocket(app.streamUrl.replace('http', 'ws'), { headers: from(address) });
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      resolve(101);
      socket.terminate();
    });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode as number));
    socket.on('error', reject);
  });
}

function listTopics(app: TestApp, address: string): Promise<number> {
  const client = clientOf(app, 'distributary.management.v1.TopicManager');
  const metadata = new Metadata();
  metadata.set('x-forwarded-for', address);
  return new Promise((resolve) => {
    client.ListTopics({}, metadata, (error: ServiceError | null) => {
      client.close();
      resolve(error?.code ?? 0);
    });
  });
}

describe('behind a proxy that is trusted', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ ...TIGHT, TRUSTED_PROXIES: '127.0.0.0/8' });
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('each client has its own limit over REST, whatever it claims', async () => {
    expect((await app.get(TOPICS, from('203.0.113.1'))).status).toBe(200);
    expect((await app.get(TOPICS, from('203.0.113.1'))).status).toBe(429);
    expect((await app.get(TOPICS, from('203.0.113.2'))).status).toBe(200);
    expect((await app.get(TOPICS, from('198.51.100.9, 203.0.113.2'))).status).toBe(429);
  });

  it('each client has its own limit over WebSocket', async () => {
    expect(await handshake(app, '203.0.113.3')).toBe(101);
    expect(await handshake(app, '203.0.113.3')).toBe(429);
    expect(await handshake(app, '203.0.113.4')).toBe(101);
  });

  it('each client has its own limit over gRPC', async () => {
    expect(await listTopics(app, '203.0.113.5')).toBe(0);
    expect(await listTopics(app, '203.0.113.5')).toBe(8);
    expect(await listTopics(app, '203.0.113.6')).toBe(0);
  });
});

describe('by default', () => {
  it('nobody is believed: the address is that of the peer', async () => {
    const app = await TestApp.start(TIGHT);
    expect((await app.get(TOPICS, from('203.0.113.1'))).status).toBe(200);
    expect((await app.get(TOPICS, from('203.0.113.2'))).status).toBe(429);
    await app.stop();
  }, 60_000);
});

describe('the audit log', () => {
  it('shows the client behind a trusted proxy', async () => {
    const { app, admin } = await startSecured({ TRUSTED_PROXIES: '127.0.0.1' });
    const key = { name: 'audited', permissions: [{ verbs: ['read'] }] };
    expect((await admin.post('/api/v1/monitoring/api-keys', key, from('203.0.113.7'))).status).toBe(201);
    expect((await app.get(TOPICS, from('203.0.113.8'))).status).toBe(401);
    const addresses = await until('both are written down', async () => {
      const { items } = (await admin.get('/api/v1/monitoring/audit')).body as { items: { address?: string }[] };
      const found = items.map(({ address }) => address);
      return found.includes('203.0.113.7') && found.includes('203.0.113.8') && found;
    });
    expect(addresses).toEqual(expect.arrayContaining(['203.0.113.7', '203.0.113.8']));
    await app.stop();
  }, 60_000);
});
