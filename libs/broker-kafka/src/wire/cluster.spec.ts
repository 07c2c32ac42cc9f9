import net from 'node:net';
import { brokerAddress, Cluster } from './cluster.js';

describe('a broker’s address', () => {
  it.each([
    ['localhost:19092', 'localhost', 19_092],
    [' kafka ', 'kafka', 9092],
    ['[::1]:9093', '::1', 9093],
    ['127.0.0.1:1', '127.0.0.1', 1],
  ])('is read from %s', (text, host, port) => {
    expect(brokerAddress(text)).toEqual({ host, port });
  });
});

describe('a cluster that cannot be reached', () => {
  const options = { connectTimeout: 500, requestTimeout: 200 };

  it('is broker.unavailable when nobody listens', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const cluster = new Cluster([{ host: '127.0.0.1', port }], { clientId: 'test', options });
    await expect(cluster.topic('orders')).rejects.toMatchObject({ code: 'broker.unavailable', isTransient: true });
    await cluster.close();
    await expect(cluster.anyBroker()).rejects.toThrow('closed');
  });

  it('is broker.unavailable when somebody listens and never answers, and is asked anew afterwards', async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    const cluster = new Cluster([{ host: '127.0.0.1', port }], { clientId: 'test', options });
    for (const connections of [1, 2]) {
      await expect(cluster.findTopic('orders')).rejects.toMatchObject({ code: 'broker.unavailable' });
      expect(sockets).toHaveLength(connections);
    }
    await cluster.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
