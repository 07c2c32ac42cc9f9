import net from 'node:net';
import { once } from 'node:events';
import { until } from '@distributary/distribution-core/testing';
import { FaultProxy } from './fault-proxy.js';

/** Says everything back. */
async function anEcho(): Promise<net.Server> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

class Client {
  text = '';
  error: string | undefined;
  isClosed = false;
  readonly socket: net.Socket;

  constructor(port: number) {
    this.socket = net.connect({ host: '127.0.0.1', port });
    this.socket.on('data', (chunk) => (this.text += chunk.toString()));
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code));
    this.socket.on('close', () => (this.isClosed = true));
  }

  async hears(text: string): Promise<void> {
    await until(`"${text}"`, () => this.text === text);
  }
}

describe('FaultProxy', () => {
  let server: net.Server;
  let proxy: FaultProxy;
  const clients: Client[] = [];
  const connect = () => {
    const client = new Client(proxy.port);
    clients.push(client);
    return client;
  };
  beforeEach(async () => {
    server = await anEcho();
    proxy = await FaultProxy.open((server.address() as net.AddressInfo).port);
  });
  afterEach(async () => {
    clients.splice(0).forEach(({ socket }) => socket.destroy());
    await proxy.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('passes on what both sides say, and the end', async () => {
    const client = connect();
    client.socket.write('one');
    await client.hears('one');
    expect(proxy.connections).toBe(1);
    client.socket.end();
    await until('the end', () => client.isClosed && proxy.connections === 0);
    expect(client.error).toBeUndefined();
  });

  it('resets the connections that are chosen', async () => {
    const [first, second] = [connect(), connect()];
    first.socket.write('one');
    await first.hears('one');
    second.socket.write('two');
    await second.hears('two');
    let asked = 0;
    expect(proxy.reset(() => asked++ === 0)).toBe(1);
    await until('the reset', () => first.isClosed);
    expect(first.error).toBe('ECONNRESET');
    second.socket.write('!');
    await second.hears('two!');
  });

  it('passes nothing during a black hole, tells nobody, and then goes on', async () => {
    const client = connect();
    client.socket.write('one');
    await client.hears('one');
    const hole = proxy.blackHole(150);
    client.socket.write(' two');
    const late = connect();
    late.socket.write('late');
    await once(late.socket, 'connect');
    expect([client.text, client.isClosed, late.text]).toEqual(['one', false, '']);
    await hole;
    await client.hears('one two');
    await late.hears('late');
  });

  it('lets nobody in while it is offline, and then again on the same port', async () => {
    const client = connect();
    client.socket.write('one');
    await client.hears('one');
    const back = proxy.offline(150);
    await until('the end', () => client.isClosed);
    const refused = connect();
    await until('the refusal', () => refused.isClosed);
    expect(refused.error).toBe('ECONNREFUSED');
    await back;
    const next = connect();
    next.socket.write('again');
    await next.hears('again');
  });
});
