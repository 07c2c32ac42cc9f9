import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { PulsarWeb } from '../wire/pulsar-web.js';

/** A web service that refuses every request and every socket with the same status. */
export async function refusing<Result>(
  status: number,
  play: (web: PulsarWeb) => Promise<Result>,
  reason = 'why',
): Promise<Result> {
  const server = http.createServer((_, response) => response.writeHead(status).end(reason));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const web = new PulsarWeb({ url: `http://127.0.0.1:${port}`, requestTimeoutMs: 5_000 });
  try {
    return await play(web);
  } finally {
    web.close();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}
