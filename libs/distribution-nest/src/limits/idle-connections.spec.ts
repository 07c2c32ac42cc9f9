import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '@distributary/distribution-core/testing';
import { createRegistry, PromMetrics } from '../metrics/prom-metrics.js';
import { IdleConnections } from './idle-connections.js';

describe('connections that wait for a next request', () => {
  const registry = createRegistry('test');
  let server: http.Server;
  let port: number;
  const waiting: http.ServerResponse[] = [];
  const agents: http.Agent[] = [];
  beforeAll(async () => {
    server = http.createServer(({ url }, response) => {
      if (url === '/slow') waiting.push(response);
      else response.end('ok');
    });
    new IdleConnections({ MAX_IDLE_CONNECTIONS: 2, KEEP_ALIVE_MS: 30_000 }, new PromMetrics(registry)).guard(server);
    server.on('upgrade', (_request, socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    for (const agent of agents) agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  /** A client with one connection that it keeps. */
  function aClient() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const ask = async (path = '/'): Promise<string> => {
      const request = http.get({ port, host: '127.0.0.1', path, agent });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      response.resume();
      await once(response, 'end');
      return String(request.socket?.localPort);
    };
    return ask;
  }
  const figure = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'm').exec(await registry.metrics())?.[1]);
  const idle = (count: number) => until(`${count} idle`, async () => (await figure('http_idle_connections')) === count);

  it('are so many at most: the one that waits longest is closed, and those in use are not', async () => {
    const [first, second, third, busy] = [aClient(), aClient(), aClient(), aClient()];
    const slow = busy('/slow');
    await until('it is being answered', () => waiting.length === 1);
    const places = [await first(), await second()];
    await idle(2);
    // Whoever asks again is the last to go.
    expect(await first()).toBe(places[0]);
    await third();
    await until('one was closed', async () => (await figure('http_idle_connections_closed_total')) === 1);
    await idle(2);
    expect(await first()).toBe(places[0]);
    expect(await second()).not.toBe(places[1]);
    waiting[0].end('at last');
    await slow;
    await until('more were closed', async () => (await figure('http_idle_connections_closed_total')) === 3);
    await idle(2);
  });

  it('may wait as long as the settings say, and are forgotten when they go', async () => {
    expect(server.keepAliveTimeout).toBe(30_000);
    server.closeIdleConnections();
    await idle(0);
    const place = await aClient()();
    await idle(1);
    const headers = { connection: 'upgrade', upgrade: 'echo' };
    const request = http.get({ port, host: '127.0.0.1', headers, agent: agents.at(-1) });
    await once(request, 'upgrade');
    // On the same connection, which is a stream now.
    expect(String(request.socket?.localPort)).toBe(place);
    expect(await figure('http_idle_connections')).toBe(0);
    request.socket?.destroy();
  });
});
