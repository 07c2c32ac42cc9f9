import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type tls from 'node:tls';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { ConfigurationError, loadConfig, noLogger, tlsConfig, TlsMaterial } from '@distributary/distribution-nest';
import WebSocket from 'ws';
import { aCertificate, type Certificate, writeCertificate } from './certificates.js';
import { grpcClient } from './doors/grpc.js';
import { connectWebSocket } from './doors/web-socket.js';
import { TestApp } from './harness.js';

const PERMISSIONS = [{ verbs: ['publish', 'subscribe', 'read', 'manage'], topic_pattern: '#' }];

let folder: string;
let authority: Certificate;
let files: Record<string, string>;
const client: Record<string, Certificate> = {};

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-tls-'));
  authority = await aCertificate('test authority', { isAuthority: true });
  const server = writeCertificate(folder, 'server', await aCertificate('first', { issuer: authority }));
  files = { TLS_CERT_FILE: server.cert, TLS_KEY_FILE: server.key };
  client.known = await aCertificate('collector', { issuer: authority, usage: 'client' });
  client.byName = await aCertificate('other', { issuer: authority, usage: 'client', dnsName: 'probe.internal' });
  client.stranger = await aCertificate('collector', { usage: 'client' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rejects if the handshake fails. */
async function ask(app: TestApp, pathname: string, certificate?: Certificate, agent: https.Agent | false = false) {
  const request = https.get(app.httpUrl + pathname, { ca: authority.cert, ...certificate, agent });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const shown = (response.socket as tls.TLSSocket).getPeerX509Certificate()?.subject;
  const port = response.socket.localPort;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, shown, port, body: Buffer.concat(chunks).toString() };
}

async function webSocketOpens(app: TestApp, certificate?: Certificate): Promise<boolean> {
  const url = `${app.httpUrl.replace('https', 'wss')}/api/v1/monitoring/stream?data_types=ALERTS`;
  const socket = new WebSocket(url, { ca: authority.cert, ...certificate });
  const isOpen = await once(socket, 'open').then(
    () => true,
    () => false,
  );
  socket.on('error', () => undefined);
  socket.terminate();
  return isOpen;
}

/** The code with which a subscription by gRPC ends, or `data` when it begins. */
async function grpcAnswers(app: TestApp, certificate?: Certificate): Promise<number | 'metadata'> {
  const secure = credentials.createSsl(
    Buffer.from(authority.cert),
    certificate && Buffer.from(certificate.key),
    certificate && Buffer.from(certificate.cert),
  );
  const channel = grpcClient(app, {}, secure);
  const call = channel.Exchange();
  const answer = await new Promise<number | 'metadata'>((resolve) => {
    call.on('data', () => resolve('metadata'));
    call.on('error', (error: ServiceError) => resolve(error.code));
  });
  call.on('error', () => undefined);
  call.cancel();
  channel.close();
  return answer;
}

describe('a service with a certificate', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(files);
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('speaks TLS at every door, and nothing else', async () => {
    expect(app.httpUrl).toMatch(/^https:/);
    expect(await ask(app, '/health/live')).toMatchObject({ status: 200, shown: 'CN=first' });
    expect(await webSocketOpens(app)).toBe(true);
    expect(await grpcAnswers(app)).toBe('metadata');
    await expect(fetch(app.httpUrl.replace('https', 'http'))).rejects.toThrow();
  });

  it('uses a new certificate for new connections, and leaves the ones that there are', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert });
    const before = await ask(app, '/health/live', undefined, agent);
    writeCertificate(folder, 'server', await aCertificate('second', { issuer: authority }));
    app.reload();
    expect(await ask(app, '/health/live', undefined, agent)).toMatchObject({ status: 200, port: before.port });
    expect(await ask(app, '/health/live')).toMatchObject({ status: 200, shown: 'CN=second' });
    expect(await grpcAnswers(app)).toBe('metadata');
    agent.destroy();
    // The key of another certificate: half of a change is no change.
    writeFileSync(files.TLS_KEY_FILE, (await aCertificate('third')).key);
    app.reload();
    expect(await ask(app, '/health/live')).toMatchObject({ status: 200, shown: 'CN=second' });
  });
});

describe('a service that asks for certificates', () => {
  const start = async (TLS_CLIENT_AUTH: string, env: Record<string, string> = {}) => {
    const server = writeCertificate(folder, 'asking', await aCertificate('asking', { issuer: authority }));
    const ca = path.join(folder, 'ca.crt');
    writeFileSync(ca, authority.cert);
    return TestApp.start({
      AUTH: 'required',
      AUTH_KEY_FILE: path.join(folder, 'first.key'),
      ...env,
      TLS_CERT_FILE: server.cert,
      TLS_KEY_FILE: server.key,
      TLS_CLIENT_CA_FILE: ca,
      TLS_CLIENT_AUTH,
      TLS_CLIENT_PRINCIPALS: JSON.stringify([
        { match: 'CN=collector', id: 'collector', permissions: PERMISSIONS },
        { match: 'DNS:probe.internal', id: 'probe', tenant: 'acme', permissions: PERMISSIONS },
      ]),
    });
  };

  it('lets nobody in without one that its authority issued, if they are required', async () => {
    const app = await start('required');
    try {
      expect(await ask(app, '/health/live', client.known)).toMatchObject({ status: 200 });
      expect(await webSocketOpens(app, client.known)).toBe(true);
      expect(await grpcAnswers(app, client.known)).toBe('metadata');
      for (const refused of [undefined, client.stranger]) {
        await expect(ask(app, '/health/live', refused)).rejects.toThrow();
        expect(await webSocketOpens(app, refused)).toBe(false);
        expect(await grpcAnswers(app, refused)).not.toBe('metadata');
      }
    } finally {
      await app.stop();
    }
  }, 60_000);
});

describe('a service that knows certificates', () => {
  const certificatesAre = async (TLS_CLIENT_AUTH: string, AUTH = 'required') => {
    const server = writeCertificate(folder, 'knowing', await aCertificate('knowing', { issuer: authority }));
    const ca = path.join(folder, 'ca.crt');
    writeFileSync(ca, authority.cert);
    return TestApp.start({
      AUTH,
      AUTH_KEY_FILE: path.join(folder, 'first.key'),
      TLS_CERT_FILE: server.cert,
      TLS_KEY_FILE: server.key,
      TLS_CLIENT_CA_FILE: ca,
      TLS_CLIENT_AUTH,
      TLS_CLIENT_PRINCIPALS: JSON.stringify([
        {
          match: 'CN=collector',
          id: 'collector',
          permissions: [{ verbs: ['subscribe', 'manage'], topic_pattern: '#' }],
        },
      ]),
    });
  };
  const CONFIG = '/api/v1/monitoring/config';

  it('takes them in place of a key at every door, and asks everybody else for one', async () => {
    const app = await certificatesAre('optional');
    try {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert, ...client.known });
      for (let request = 0; request < 3; request++) {
        expect((await ask(app, CONFIG, undefined, agent)).status).toBe(200);
      }
      agent.destroy();
      // Sessions of TLS may be taken up again; the certificate has to come along.
      for (let request = 0; request < 3; request++) expect((await ask(app, CONFIG, client.known)).status).toBe(200);
      const socket = await connectWebSocket(app, '?data_types=ALERTS', { ca: authority.cert, ...client.known });
      await socket.record.next('subscribed');
      await socket.close();
      expect(await grpcAnswers(app, client.known)).toBe('metadata');
      for (const unknown of [undefined, client.stranger, client.byName]) {
        expect((await ask(app, CONFIG, unknown)).status).toBe(401);
        expect(await grpcAnswers(app, unknown)).toBe(status.UNAUTHENTICATED);
      }
      // The permissions are those of the table.
      expect((await ask(app, '/api/v1/monitoring/stats/topics', client.known)).status).toBe(403);
    } finally {
      await app.stop();
    }
  }, 60_000);

  it('does not start without authentication, since then they would stand for nobody', async () => {
    await expect(certificatesAre('optional', 'off')).rejects.toThrow('AUTH: must be required');
  });
});

describe('the material of TLS', () => {
  const clock = new FakeClock(Date.now() * 1_000);
  const open = (env: Record<string, string>) => TlsMaterial.open(loadConfig(env, tlsConfig), clock, noLogger);
  const derOf = ({ cert }: Certificate) => new X509Certificate(cert).raw;
  const asking = (entries: unknown[] = []) => {
    const ca = path.join(folder, 'ca.crt');
    writeFileSync(ca, authority.cert);
    const server = writeCertificate(folder, 'material', client.known);
    return {
      TLS_CERT_FILE: server.cert,
      TLS_KEY_FILE: server.key,
      TLS_CLIENT_CA_FILE: ca,
      TLS_CLIENT_AUTH: 'optional',
      TLS_CLIENT_PRINCIPALS: JSON.stringify(entries),
    };
  };

  it('knows for whom a certificate stands, by subject or alternative name', () => {
    const material = open(
      asking([
        { match: 'CN=collector', id: 'c', permissions: [{ verbs: ['publish'], topic_pattern: 'monitoring/#' }] },
        { match: 'DNS:probe.internal', id: 'p', tenant: 'acme', permissions: PERMISSIONS },
      ]),
    );
    const known = material?.principalOf(derOf(client.known));
    expect(known).toMatchObject({
      id: 'c',
      kind: 'certificate',
      tenant: 'default',
      permissions: [{ verbs: ['publish'], topicPattern: 'monitoring/#', constraint: undefined }],
    });
    expect(known?.expiresAtMicros).toBe(Date.parse(new X509Certificate(client.known.cert).validTo) * 1_000);
    expect(material?.principalOf(derOf(client.byName))).toMatchObject({ id: 'p', tenant: 'acme' });
    // The same name, but nobody vouches for it; and no certificate at all.
    expect(material?.principalOf(derOf(client.stranger))).toBeUndefined();
    expect(material?.principalOf(undefined)).toBeUndefined();
    material?.stop();
  });

  it('takes no certificate that is for servers, not valid yet, or no more', async () => {
    const material = open(asking([{ match: 'CN=x', id: 'x', permissions: PERMISSIONS }]));
    const issued = async (wishes: object) =>
      derOf(await aCertificate('x', { issuer: authority, usage: 'client', ...wishes }));
    expect(material?.principalOf(await issued({}))).toMatchObject({ id: 'x' });
    expect(material?.principalOf(await issued({ usage: 'server' }))).toBeUndefined();
    const early = await issued({ days: [2, 30] });
    expect(material?.principalOf(early)).toBeUndefined();
    const old = await issued({ days: [-9, -2] });
    expect(material?.principalOf(old)).toBeUndefined();
    // Three days have 51,840 looks at the files, which say nothing of what is valid when.
    material?.stop();
    clock.advance(3 * 86_400_000);
    expect(material?.principalOf(early)).toMatchObject({ id: 'x' });
  });

  it('looks at its files by itself', async () => {
    const env = asking();
    const material = open(env);
    const seen: unknown[] = [];
    material?.onChange((context) => seen.push(context));
    clock.advance(5_000);
    expect(seen).toEqual([]);
    writeCertificate(folder, 'material', await aCertificate('renewed'));
    clock.advance(5_000);
    await until('the change', () => seen.length === 1);
    material?.stop();
    expect(clock.pendingAlarms).toBe(0);
  });

  it('says what is wrong with the settings, all of it', () => {
    const problems = (env: Record<string, string>) => {
      try {
        open(env);
      } catch (error) {
        return (error as ConfigurationError).problems.map(({ variable }) => variable);
      }
      return [];
    };
    expect(open({})).toBeUndefined();
    expect(problems({ TLS_CERT_FILE: 'a' })).toEqual(['TLS_KEY_FILE']);
    expect(problems({ TLS_KEY_FILE: 'a', TLS_CLIENT_AUTH: 'required' })).toEqual([
      'TLS_CERT_FILE',
      'TLS_CLIENT_AUTH',
      'TLS_CLIENT_CA_FILE',
    ]);
    expect(problems({ TLS_CERT_FILE: 'a', TLS_KEY_FILE: 'b' })).toEqual(['TLS_CERT_FILE']);
    const entries = { TLS_CLIENT_PRINCIPALS: JSON.stringify([{ match: 'CN=x', id: 'x', permissions: PERMISSIONS }]) };
    expect(problems(entries)).toEqual(['TLS_CLIENT_PRINCIPALS']);
    for (const text of ['nonsense', '[{"match":"CN=x"}]']) {
      expect(() => loadConfig({ TLS_CLIENT_PRINCIPALS: text }, tlsConfig)).toThrow(ConfigurationError);
    }
  });
});
