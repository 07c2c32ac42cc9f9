import { findServerBinary } from './server-binary.js';
import type { StackServer } from './stack-server.js';
import { answerTo } from './tcp-answer.js';

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
  isHealthy: async (port) => (await answerTo(port, 'PING\r\n'))?.toString().startsWith('+PONG') === true,
  url: (port) => `redis://127.0.0.1:${port}`,
  variables: (port) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }),
};
