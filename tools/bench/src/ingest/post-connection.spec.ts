import { once } from 'node:events';
import net from 'node:net';
import { until } from '@distributary/distribution-core/testing';
import { PostConnection } from './post-connection.js';

describe('a connection that posts', () => {
  it('finds the end of each answer, however it is cut', async () => {
    const answers: [number, string][] = [];
    const server = net.createServer({ noDelay: true }, (socket) => {
      const parts = ['HTTP/1.1 202 Acc', 'epted\r\nContent-Length: 5\r\n', '\r\nhe', 'llo'];
      const writeFrom = (at: number): void => {
        if (at < parts.length) socket.write(parts[at], () => setImmediate(writeFrom, at + 1));
      };
      socket.on('data', (chunk) => {
        if (chunk.toString() === 'cut') writeFrom(0);
        else socket.write('HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ends: string[] = [];
    const connection = new PostConnection(
      (server.address() as net.AddressInfo).port,
      ({ status, body }) => void answers.push([status, body.toString()]),
      (reason) => ends.push(reason),
    );
    connection.post(Buffer.from('cut'));
    await until('the first answer', () => answers.length === 1);
    connection.post(Buffer.from('whole'));
    await until('the second answer', () => answers.length === 2);
    expect(answers).toEqual([
      [202, 'hello'],
      [429, ''],
    ]);
    connection.close();
    server.close();
    await once(server, 'close');
    expect(ends).toEqual([]);
  });
});
