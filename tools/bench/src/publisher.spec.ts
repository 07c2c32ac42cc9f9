import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ChildProgram } from './child-program.js';
import { monotonicMicros } from './monotonic-clock.js';
import type { PublisherAnswer, PublisherCommand } from './publisher-messages.js';

/** The tests of the workspace build first. */
const PROGRAM = path.resolve(import.meta.dirname, '../dist/publisher.js');

/** Answers with one status after the other, each only once it has been waited for a while; the last one for good. */
async function serverOf(statuses: readonly number[], afterMs: number) {
  let posts = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    const status = statuses[Math.min(posts++, statuses.length - 1)];
    request.once('end', () => setTimeout(() => response.writeHead(status).end('{}'), afterMs));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

describe('the producer of a bench', () => {
  it('repeats a batch that is refused after all others are done', async () => {
    const server = await serverOf([503, 503, 202], 100);
    const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(PROGRAM);
    try {
      const plan = {
        ...{ port: server.port, path: '/events', topics: ['t'], run: 'r', keys: 1, connections: 1, lingerMs: 0 },
        ...{ eventsPerSecond: 100, seconds: 0.02, startMicros: monotonicMicros(), graceMs: 20_000 },
      };
      const published = await producer.ask({ type: 'publish', plan }, 'published', 30_000);
      expect(published).toMatchObject({ due: 2, accepted: 2, unsent: 0 });
      expect(published.refusals).toBe(2);
    } finally {
      await producer.stop();
      server.close();
    }
  }, 60_000);
});
