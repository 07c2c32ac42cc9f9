import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Lane, type Position, Retrying } from '@distributary/distribution-core';
import { until } from '@distributary/distribution-core/testing';
import { type WebSocket, WebSocketServer } from 'ws';
import { isTransient } from '../pulsar.errors.js';
import { writeMessageId } from '../records/message-id.js';
import { ORDERS, ORDERS_LANE } from '../testing/orders-topic.js';
import { ids, systemClock } from '../testing/pulsar-harness.js';
import { FOREIGN_EPOCH } from '../topics/pulsar-topic.js';
import { PulsarNames } from '../topics/pulsar-names.js';
import { PulsarWeb } from '../wire/pulsar-web.js';
import { LaneConsumer } from './lane-consumer.js';

type Answer = readonly [status: number, body: string | Buffer, headers?: Readonly<Record<string, string>>];
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
      metrics: { passedOversize: () => told.push('oversize'), stalled: () => told.push('stalled') },
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

  describe('at an entry into which a message without a value was packed', () => {
    const text = (...hex: string[]) => Buffer.from(hex.join(''), 'hex');
    // As Pulsar 4.0.7 told of it: `{"n":1}`, nothing, and `{"n":3}` with a property.
    const body = text(
      '0000000512016118077b226e223a317d',
      '00000007120162180048010000000d0a060a017812017912016318077b226e223a337d',
    );
    const headers = { 'x-pulsar-num-batch-message': '3', 'x-pulsar-publish-time': '2026-01-01T00:00:00.000Z' };
    const packed: Answer = [200, body, { ...headers, 'x-pulsar-message-id': '5:7' }];
    const first = { messageId: writeMessageId({ ledger: 5, entry: 7, batchIndex: 0 }, { partition: 0, count: 3 }) };
    const frame = JSON.stringify({ ...first, payload: 'e30=', publishTime: '2026-01-01T00:00:00.000Z', key: 'a' });
    const whole = writeMessageId({ ledger: 5, entry: 7, batchIndex: -1 });
    const toldOf = (socket: WebSocket) => {
      const told: string[] = [];
      socket.on('message', (data) =>
        told.push((JSON.parse(String(data as Buffer)) as { messageId: string }).messageId),
      );
      return told;
    };

    it('is given what of it did not come, and tells of it as a whole once all is acknowledged', async () => {
      const { sockets, came, consumer, dispose } = await consumingFrom(
        lane,
        answering(() => 3, [packed]),
      );
      const told = toldOf(sockets[0]);
      sockets[0].send(frame);
      await until('the rest of it', () => came.length === 3);
      expect(came.map(([event]) => event)).toEqual(['a {}', 'b {"data":null}', 'c {"n":3}']);
      await Promise.all([consumer.ack([came[2][1]]), consumer.ack([came[0][1]])]);
      expect(told).toEqual([]);
      await consumer.ack([came[1][1]]);
      expect(told).toEqual([whole]);
      await until('another socket', () => sockets.length === 2);
      await dispose();
    });

    it('is given nothing of it if what lies before came to another process', async () => {
      let asked = 0;
      const { came, dispose } = await consumingFrom(
        lane,
        answering(() => (asked++, 3), [packed]),
      );
      // Three times each.
      await until('two looks', () => asked > 3);
      expect(came).toEqual([]);
      await dispose();
    });

    it('is given nothing more while all came that Pulsar gave, be it acknowledged in part', async () => {
      let looks = 0;
      const plain = { messageId: writeMessageId({ ledger: 5, entry: 6, batchIndex: 0 }, { partition: 0, count: 2 }) };
      const other = { messageId: writeMessageId({ ledger: 5, entry: 6, batchIndex: 1 }, { partition: 0, count: 2 }) };
      const nulls: Answer = [200, '', { ...ENTRIES[1][2], 'x-pulsar-message-id': '5:9' }];
      const { sockets, came, consumer, dispose } = await consumingFrom(
        lane,
        answering(() => (looks++, 2), [nulls]),
      );
      for (const id of [plain, other]) sockets[0].send(JSON.stringify({ ...(JSON.parse(frame) as object), ...id }));
      await until('both', () => came.length === 2);
      await consumer.ack([came[0][1]]);
      await until('two looks', () => looks >= 2);
      expect(came).toHaveLength(2);
      await dispose();
    });
  });

  it('opens another socket if more was given than came, and counts that it is not found', async () => {
    const { sockets, told, dispose } = await consumingFrom(
      lane,
      answering(() => 1, []),
    );
    await until('another socket', () => sockets.length === 2);
    expect(told).toEqual(['stalled', 'lost']);
    await dispose();
  });

  it('keeps its socket while events that came over it are not acknowledged', async () => {
    const { sockets, told, came, consumer, dispose } = await consumingFrom(
      lane,
      answering(() => 2, []),
    );
    const messageId = writeMessageId({ ledger: 5, entry: 1, batchIndex: -1 });
    sockets[0].send(JSON.stringify({ messageId, payload: 'e30=', publishTime: '2026-01-01T00:00:00.000Z' }));
    await until('it is counted', () => told.includes('stalled'));
    expect(told).toEqual(['stalled']);
    await consumer.ack([came[0][1]]);
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
