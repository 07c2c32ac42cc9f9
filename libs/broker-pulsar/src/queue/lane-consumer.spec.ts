import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Lane, type Position, Retrying } from '@distributary/distribution-core';
import { until } from '@distributary/distribution-core/testing';
import { type WebSocket, WebSocketServer } from 'ws';
import { isTransient } from '../pulsar.errors.js';
import { ORDERS, ORDERS_LANE } from '../testing/orders-topic.js';
import { ids, systemClock } from '../testing/pulsar-harness.js';
import { FOREIGN_EPOCH } from '../topics/pulsar-topic.js';
import { PulsarNames } from '../topics/pulsar-names.js';
import { PulsarWeb } from '../wire/pulsar-web.js';
import { LaneConsumer } from './lane-consumer.js';

type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];
const HAS_IT: Answer = [200, '["reports"]'];

/** A consumer over a web service that takes every socket, and tells of the subscriptions of the lane what it is told to. */
async function consuming(...answers: Answer[]) {
  return consumingFrom(ORDERS_LANE, () => answers.shift() ?? HAS_IT);
}

async function consumingFrom(lane: Lane, answerTo: (path: string) => Answer) {
  const sockets: WebSocket[] = [];
  const server = http.createServer(({ url = '' }, response) => {
    const [status, body, headers] = answerTo(url);
    response.writeHead(status, headers).end(body);
  });
  new WebSocketServer({ server }).on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const web = new PulsarWeb({ url: `http://127.0.0.1:${port}`, requestTimeoutMs: 5_000 });
  const closed = new AbortController();
  const told: string[] = [];
  const came: [event: string, position: Position][] = [];
  const known = { ...ORDERS, name: lane.topic, epoch: lane.epoch };
  const consumer = new LaneConsumer(
    { lane, subscription: 'reports', type: 'shared', window: 10 },
    {
      web,
      names: new PulsarNames('public', 'space'),
      clock: systemClock,
      directory: { find: () => Promise.resolve(known), topic: () => Promise.resolve(known) },
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
      newConsumerName: () => 'consumer',
    },
    {
      onBatch: (batch) => {
        for (let index = 0; index < batch.count; index++)
          came.push([`${batch.routingKeyAt(index)} ${batch.valueAt(index).toString()}`, batch.positions.at(index)]);
      },
      onLost: () => told.push('lost'),
      onGone: () => told.push('gone'),
    },
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
  return { sockets, told, came, consumer, dispose };
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

  it('waits longer each time that nothing came over it', async () => {
    const { sockets, dispose } = await consuming();
    const beganMs = systemClock.monotonicMs();
    for (let lost = 0; lost < 8; lost++) {
      sockets[lost].terminate();
      await until('another socket', () => sockets.length === lost + 2);
    }
    // 2.5 ms, and twice as long each time.
    expect(systemClock.monotonicMs() - beganMs).toBeGreaterThan(600);
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

describe('the consumer of a lane of others', () => {
  const entry = (number: number, isNull: boolean): Answer => [
    200,
    isNull ? '' : '{}',
    {
      ...{ 'x-pulsar-message-id': `5:${number}`, 'x-pulsar-partition-key': `key-${number}` },
      ...{ 'x-pulsar-publish-time': '2026-01-01T00:00:00.000Z', ...(isNull && { 'x-pulsar-null-value': 'true' }) },
    },
  ];
  const lane = { topic: 'theirs', partition: 0, epoch: FOREIGN_EPOCH };
  /** `unacknowledged`: by whomever, as the admin API has it. */
  const answering =
    (given: () => number, unacknowledged: readonly Answer[]) =>
    (path: string): Answer => {
      const consumers = [{ consumerName: 'consumer', unackedMessages: given() }];
      if (path.endsWith('/stats')) return [200, JSON.stringify({ subscriptions: { reports: { consumers } } })];
      const at = path.split('/position/')[1];
      return at === undefined ? HAS_IT : (unacknowledged[Number(at) - 1] ?? [404, 'Message not found']);
    };
  const ENTRIES = [entry(1, false), entry(2, true), entry(3, true), entry(4, false), entry(5, true)];

  it('is given messages without a value that did not come, and goes on once they are acknowledged', async () => {
    const { sockets, came, consumer, dispose } = await consumingFrom(
      lane,
      answering(() => 5, ENTRIES),
    );
    await until('the first of them', () => came.length > 0);
    expect(came.map(([event]) => event)).toEqual(['key-2 {"data":null}', 'key-3 {"data":null}']);
    await consumer.ack([came[0][1]]);
    expect(sockets).toHaveLength(1);
    await consumer.ack([came[1][1]]);
    await until('another socket', () => sockets.length === 2);
    await dispose();
  });

  it('is given none of those that another process was given', async () => {
    let asked = 0;
    const { came, dispose } = await consumingFrom(
      lane,
      answering(() => {
        asked++;
        return 0;
      }, ENTRIES),
    );
    await until('two looks', () => asked >= 2);
    expect(came).toEqual([]);
    await dispose();
  });
});
