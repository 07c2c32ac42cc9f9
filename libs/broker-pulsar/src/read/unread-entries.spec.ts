import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EventBatch, noMetrics, type Position } from '@distributary/distribution-core';
import { WebSocketServer } from 'ws';
import { PulsarMetrics } from '../pulsar-metrics.js';
import { readMessageId, writeMessageId } from '../records/message-id.js';
import { positionAt, positionOf } from '../records/message-position.js';
import { retryingBy } from '../testing/orders-topic.js';
import { systemClock as clock } from '../testing/pulsar-harness.js';
import { laneStats } from '../topics/lane-stats.js';
import { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import { PulsarWeb } from '../wire/pulsar-web.js';
import { LaneFinder } from './lane-place.js';
import { LaneReader } from './lane-reader.js';
import { ReaderSockets } from './reader-socket.js';
import { UnreadEntries } from './unread-entries.js';

const LEDGER = 5;
const PUBLISHED = '2026-01-01T00:00:00.000Z';
const REQUEST_MS = 2_000;
const lane = { topic: 'theirs', partition: 0, epoch: 'foreign' };
const topic: PulsarTopic = {
  ...{ name: lane.topic, partitions: 1, epoch: lane.epoch, retention: { ms: 0, bytes: 0 } },
  ...{ firstLedgers: [], isOurs: false },
};

function statsOf(entries: number) {
  const internal = { numberOfEntries: entries, totalSize: 1_000, currentLedgerEntries: entries };
  const last = { lastConfirmedEntry: `${LEDGER}:${entries - 1}`, ledgers: [{ ledgerId: LEDGER, entries: 0 }] };
  return laneStats(lane, { ...internal, ...last }, undefined);
}

/** A lane whose readers are given nothing from the first message without a value on, as by Pulsar 4.0.7. */
async function withReader(
  values: readonly (string | undefined)[],
  play: (reader: LaneReader) => Promise<void>,
  deafReaders = 0,
  metrics = noMetrics,
): Promise<number> {
  let opened = 0;
  const server = http.createServer((request, response) => {
    const entry = Number(request.url?.split('/').at(-1));
    const headers = { 'x-pulsar-publish-time': PUBLISHED, 'x-pulsar-partition-key': `key-${entry}` };
    response.writeHead(200, values[entry] === undefined ? { ...headers, 'x-pulsar-null-value': 'true' } : headers);
    response.end(values[entry]);
  });
  new WebSocketServer({ server }).on('connection', (socket, { url = '' }) => {
    if (opened++ < deafReaders) return;
    const start = new URL(url, 'http://pulsar').searchParams.get('messageId') as string;
    const first = start === 'earliest' ? 0 : readMessageId(start).entry + 1;
    const silentAt = values.indexOf(undefined, first);
    values.slice(first, silentAt < 0 ? values.length : silentAt).forEach((value = '', index) => {
      const messageId = writeMessageId({ ledger: LEDGER, entry: first + index, batchIndex: -1 });
      const payload = Buffer.from(value).toString('base64');
      socket.send(JSON.stringify({ messageId, payload, publishTime: PUBLISHED, key: `key-${first + index}` }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const web = new PulsarWeb({ url: `http://127.0.0.1:${port}`, requestTimeoutMs: REQUEST_MS });
  const names = new PulsarNames('public', 'test');
  const stats = { of: () => Promise.resolve(statsOf(values.length)) };
  const known = { topic: () => Promise.resolve(topic), find: () => Promise.resolve(topic), hasSeenEnd: () => false };
  try {
    await play(
      new LaneReader({
        ...{ finder: new LaneFinder(known, stats), sockets: new ReaderSockets(web, names, clock) },
        ...{
          ends: { of: (_, { last }) => Promise.resolve(last) },
          unread: new UnreadEntries(web, names, stats),
          metrics: new PulsarMetrics(metrics),
        },
        ...{ retrying: retryingBy(clock), timeoutMs: 10_000, requestTimeoutMs: REQUEST_MS },
      }),
    );
    return opened;
  } finally {
    web.close();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}

const eventsIn = (batch: EventBatch): string[] =>
  Array.from({ length: batch.count }, (_, index) => `${batch.routingKeyAt(index)} ${batch.valueAt(index).toString()}`);

async function tailed(reader: LaneReader, count: number): Promise<readonly string[]> {
  const came: string[] = [];
  const abort = new AbortController();
  const start = { topic: topic.name, partition: 0, after: positionAt(LEDGER, -1) };
  for await (const batch of reader.tail(start, 10_000, abort.signal)) {
    came.push(...eventsIn(batch));
    if (came.length >= count) abort.abort();
  }
  return came;
}

describe('messages without a value, which others write to delete a key', () => {
  const VALUES = ['{"a":1}', undefined, undefined, '{"a":4}', undefined];
  const EVENTS = [
    'key-0 {"a":1}',
    'key-1 {"data":null}',
    'key-2 {"data":null}',
    'key-3 {"a":4}',
    'key-4 {"data":null}',
  ];

  it('are events of a tail, which goes on behind them', async () => {
    await withReader(VALUES, async (reader) => {
      expect(await tailed(reader, EVENTS.length)).toEqual(EVENTS);
    });
  }, 20_000);

  it('are events of a read', async () => {
    await withReader(VALUES, async (reader) => {
      const came: string[] = [];
      for (let after = positionAt(LEDGER, -1); came.length < EVENTS.length;) {
        const batches = await reader.read({ topic: topic.name, partition: 0, after }, 10_000);
        came.push(...batches.flatMap(eventsIn));
        after = batches.at(-1)?.lastPosition ?? after;
      }
      expect(came).toEqual(EVENTS);
    });
  }, 20_000);
});

it('a tail whose reader is given nothing of what is there opens another one', async () => {
  const values = ['{"a":1}', '{"a":2}'];
  const opened = await withReader(
    values,
    async (reader) => {
      expect(await tailed(reader, 2)).toEqual(['key-0 {"a":1}', 'key-1 {"a":2}']);
    },
    1,
  );
  expect(opened).toBe(2);
}, 20_000);

describe('a message larger than the frames that are taken', () => {
  // As base64 it is more than 16 MiB.
  const values = ['{"a":1}', 'x'.repeat(13 * 1024 ** 2), '{"a":3}'];
  const rest = ['key-0 {"a":1}', 'key-2 {"a":3}'];

  it('is passed over by a tail, and counted', async () => {
    let passed = 0;
    const counter = (name: string) => ({ add: () => void (name === 'broker_oversize_messages_total' && passed++) });
    await withReader(
      values,
      async (reader) => {
        expect(await tailed(reader, 2)).toEqual(rest);
      },
      0,
      { ...noMetrics, counter },
    );
    expect(passed).toBe(1);
  }, 20_000);

  it('is passed over by reads', async () => {
    await withReader(values, async (reader) => {
      const read = async (after: Position) => reader.read({ topic: topic.name, partition: 0, after }, 10_000);
      const before = await read(positionAt(LEDGER, -1));
      const behind = await read(positionAt(LEDGER, 0));
      expect([...before, ...behind].flatMap(eventsIn)).toEqual(rest);
    });
  }, 20_000);
});

describe('what no reader is given of entries into which several messages were packed', () => {
  const VALUE = '00000005120161180131';
  const NULL = '0000000712016218004801';
  const MUCH = '00000007120161' + '18808040' + '20'.repeat(2 ** 20);
  const at = (entry: number, batchIndex: number) => positionOf({ ledger: LEDGER, entry, batchIndex });
  const behind = async (after: Position, ...entries: readonly (readonly string[])[]) => {
    const web = {
      entryAt: (path: string) => {
        const messages = entries[Number(path.split('/').at(-1))];
        const headers = { 'x-pulsar-num-batch-message': String(messages.length), 'x-pulsar-publish-time': PUBLISHED };
        return Promise.resolve({ headers, body: Buffer.from(messages.join(''), 'hex') });
      },
    };
    const stats = { of: () => Promise.resolve(statsOf(entries.length)) };
    const unread = new UnreadEntries(web, new PulsarNames('public', 'test'), stats);
    const { ungiven, last } = await unread.behind({ topic, lane, after });
    return { positions: ungiven.map(({ position }) => position), last };
  };
  const MIXED = [VALUE, NULL, VALUE];

  it('is all that lies behind the reader in the entry, and the next entry that begins so', async () => {
    const last = positionAt(LEDGER, 2);
    const entries = [MIXED, [NULL], [VALUE]];
    expect(await behind(at(0, 0), ...entries)).toEqual({ positions: [at(0, 1), at(0, 2), at(1, 0)], last });
    expect(await behind(at(0, 2), ...entries)).toEqual({ positions: [at(1, 0)], last });
    expect((await behind(positionAt(LEDGER, -1), ...entries)).positions).toHaveLength(4);
  });

  it('is nothing where readers are given all of it, or have been', async () => {
    expect((await behind(at(0, 1), MIXED, MIXED)).positions).toEqual([]);
    expect(await behind(at(1, 2), MIXED, MIXED)).toEqual({ positions: [], last: undefined });
  });

  it('is found in the last entry', async () => {
    expect((await behind(at(1, 0), MIXED, MIXED)).positions).toEqual([at(1, 1), at(1, 2)]);
  });

  it('is no more than some entries of 1 MiB at once', async () => {
    const large = [NULL, MUCH];
    expect((await behind(positionAt(LEDGER, -1), large, large, large)).positions).toEqual([at(0, 0), at(0, 1)]);
  });
});
