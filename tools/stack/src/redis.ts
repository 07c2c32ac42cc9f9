import net from 'node:net';
import { findServerBinary } from './server-binary.js';
import type { StackServer } from './stack-server.js';

export const redis: StackServer = {
  kind: 'redis',
  program: () => findServerBinary({ name: 'redis-server', packages: ['redis-server', 'redis-tools'] }),
  port: 16_379,
  arguments: ({ folder, port }) => [
    ...['--bind', '127.0.0.1'],
    ...['--port', String(port)],
    ...['--dir', folder],
    ...['--save', ''],
    ...['--appendonly', 'no'],
    ...['--maxmemory', '64mb'],
    ...['--maxmemory-policy', 'allkeys-lru'],
  ],
  isHealthy: (port) => answers(port, 'PING\r\n', '+PONG'),
  url: (port) => `redis://127.0.0.1:${port}`,
  variables: (port) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }),
};

function answers(port: number, question: string, expected: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: 1_000 });
    socket.once('connect', () => socket.write(question));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith(expected));
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
  });
}
