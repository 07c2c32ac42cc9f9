import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Retrying } from '@distributary/distribution-core';
import { until } from '@distributary/distribution-core/testing';
import { type WebSocket, WebSocketServer } from 'ws';
import { isTransient } from '../pulsar.errors.js';
import { ORDERS, ORDERS_LANE } from '../testing/orders-topic.js';
import { ids, systemClock } from '../testing/pulsar-harness.js';
import { PulsarNames } from '../topics/pulsar-names.js';
import { PulsarWeb } from '../wire/pulsar-web.js';
import { LaneConsumer } from './lane-consumer.js';

const HAS_IT = [200, '["reports"]'] as const;

/** A consumer over a web service that takes every socket, and tells of the subscriptions of the lane what it is told to. */
async function consuming(...answers: (readonly [status: number, body: string])[]) {
  const sockets: WebSocket[] = [];
  const server = http.createServer((_, response) => {
    const [status, body] = answers.shift() ?? HAS_IT;
    response.writeHead(status).end(body);
  });
  new WebSocketServer({ server }).on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const web = new PulsarWeb({ url: `http://127.0.0.1:${port}`, requestTimeoutMs: 5_000 });
  const closed = new AbortController();
  const told: string[] = [];
  const consumer = new LaneConsumer(
    { lane: ORDERS_LANE, subscription: 'reports', type: 'shared', window: 10 },
    {
      web,
      names: new PulsarNames('public', 'space'),
      clock: systemClock,
      directory: { find: () => Promise.resolve(ORDERS), topic: () => Promise.resolve(ORDERS) },
      retrying: new Retrying({
        clock: systemClock,
        ids,
        isTransient,
        onRetry: () => undefined,
        closed: closed.signal,
        closedMessage: 'closed',
      }),
      timeoutMs: 5_000,
      requestTimeoutMs: 5_000,
    },
    { onBatch: () => undefined, onLost: () => told.push('lost'), onGone: () => told.push('gone') },
  );
  await consumer.start();
  await until('a socket', () => sockets.length === 1);
  const dispose = async () => {
    await consumer.close();
    closed.abort();
    web.close();
    for (const socket of sockets) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  return { sockets, told, dispose };
}

describe('the consumer of a lane whose socket is lost', () => {
  it.each([
    [412, 'Failed to find ownership for topic:persistent://public/space/orders-partition-0'],
    [412, 'busy'],
    [403, 'the token is being changed'],
    [404, 'a broker that has not heard of the topic'],
    [200, '<html>a proxy'],
  ])('takes the lane up again after Pulsar answered %d: %s', async (status, body) => {
    const { sockets, told, dispose } = await consuming([status, body], [status, body], HAS_IT);
    sockets[0].terminate();
    await until('another socket', () => sockets.length === 2);
    expect(told).toEqual(['lost']);
    await dispose();
  });

  it('tells that the subscription is gone, and does not make it anew', async () => {
    const { sockets, told, dispose } = await consuming([200, '["another"]']);
    sockets[0].terminate();
    await until('it is told', () => told.length === 2);
    expect(told).toEqual(['lost', 'gone']);
    expect(sockets).toHaveLength(1);
    await dispose();
  });
});
