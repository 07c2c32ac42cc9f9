import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { MAX_CURSOR_LENGTH } from '@distributary/distribution-core';
import { SystemIds } from '../clock/system-ids.js';
import { createHttpAdapter } from './http-adapter.js';

describe('what is no HTTP request', () => {
  const adapter = createHttpAdapter({
    policy: { allowedHosts: [], allowedOrigins: [] },
    ids: new SystemIds(),
    maxBodyBytes: 1_000,
  });
  beforeAll(async () => {
    adapter.getInstance().get('/', () => 'hello');
    await adapter.getInstance().listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => adapter.close());

  async function answerTo(text: string, then?: string): Promise<string> {
    const { port } = adapter.getInstance().server.address() as AddressInfo;
    const socket = net.connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (part) => {
      answer += part;
      if (then !== undefined) socket.write(then);
    });
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }

  it.each([
    ['hello there\r\n\r\n', 'must be HTTP/1.1'],
    [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(85_000)}\r\n\r\n`, 'at most 80 KiB'],
  ])('%#: is answered with problem details', async (text, rule) => {
    const answer = await answerTo(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      code: 'request.invalid',
      status: 400,
      detail: expect.stringContaining(rule),
    });
  });

  it.each([
    ['in Last-Event-ID', (cursor: string) => `GET / HTTP/1.1\r\nlast-event-id: ${cursor}`],
    ['in the query', (cursor: string) => `GET /?start=${cursor} HTTP/1.1`],
  ])('is not what has the longest cursor %s', async (_where, head) => {
    const answer = await answerTo(
      `${head('v'.repeat(MAX_CURSOR_LENGTH))}\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('after an answer ends the connection without another', async () => {
    const answer = await answerTo('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n', 'nonsense\r\n\r\n');
    expect(answer).toContain('hello');
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});
