import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EventBatch, noMetrics, Retrying } from '@distributary/distribution-core';
import { events } from '@distributary/distribution-core/testing';
import { WebSocketServer } from 'ws';
import { PulsarMetrics } from '../pulsar-metrics.js';
import { eventFrame } from '../records/event-message.js';
import { writeMessageId } from '../records/message-id.js';
import { positionAt } from '../records/message-position.js';
import { ids, systemClock as clock } from '../testing/pulsar-harness.js';
import { laneStats } from '../topics/lane-stats.js';
import { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import { PulsarWeb } from '../wire/pulsar-web.js';
import { LaneFinder } from './lane-place.js';
import { LaneReader } from './lane-reader.js';
import { ReaderSockets } from './reader-socket.js';

const LEDGER = 5;
const COUNT = 1_500;
const VALUE_BYTES = 400;
const records = events(COUNT, 'event', { value: { text: 'x'.repeat(VALUE_BYTES) } });
const topic: PulsarTopic = {
  name: 'much',
  partitions: 1,
  epoch: 'e1',
  retention: { ms: 0, bytes: 0 },
  firstLedgers: [LEDGER],
  isOurs: true,
};
const stats = laneStats(
  { topic: 'much', partition: 0, epoch: 'e1' },
  {
    numberOfEntries: COUNT,
    totalSize: 1_000_000,
    currentLedgerEntries: COUNT,
    lastConfirmedEntry: `${LEDGER}:${COUNT - 1}`,
    ledgers: [{ ledgerId: LEDGER, entries: 0 }],
  },
  undefined,
);

/** Sends each reader all of the lane. */
async function reading(maxBytes: number): Promise<readonly EventBatch[]> {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    records.forEach((record, entry) => {
      const frame = JSON.parse(eventFrame(record, 'e1', 1)) as object;
      const messageId = writeMessageId({ ledger: LEDGER, entry, batchIndex: -1 });
      socket.send(JSON.stringify({ ...frame, messageId, publishTime: '2026-01-01T00:00:00.000Z' }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const web = new PulsarWeb({ url: `http://127.0.0.1:${port}`, requestTimeoutMs: 5_000 });
  const known = { topic: () => Promise.resolve(topic), find: () => Promise.resolve(topic), hasSeenEnd: () => false };
  const reader = new LaneReader({
    finder: new LaneFinder(known, { of: () => Promise.resolve(stats) }),
    sockets: new ReaderSockets(web, new PulsarNames('public', 'test'), clock),
    retrying: new Retrying({
      ...{ clock, ids, isTransient: () => false, onRetry: () => undefined },
      ...{ closed: new AbortController().signal, closedMessage: 'closed' },
    }),
    ends: { of: (_, { last }) => Promise.resolve(last) },
    unread: {
      behind: () => Promise.resolve({ ungiven: [] }),
      isBehindEntry: () => Promise.resolve(true),
      next: () => Promise.resolve(undefined),
    },
    metrics: new PulsarMetrics(noMetrics),
    timeoutMs: 5_000,
    requestTimeoutMs: 5_000,
  });
  try {
    return await reader.read({ topic: 'much', partition: 0, after: positionAt(LEDGER, -1) }, maxBytes);
  } finally {
    web.close();
    sockets.close();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}

describe('a read of a lane', () => {
  it('is put together while it comes, so that only little of it is there as messages', async () => {
    const batches = await reading(1024 * 1024);
    expect(batches.flatMap((batch) => batch.eventIds)).toEqual(records.map(({ eventId }) => eventId));
    expect(batches.at(-1)?.lastPosition).toBe(positionAt(LEDGER, COUNT - 1));
    expect(Math.max(...batches.map(({ count }) => count))).toBeLessThan(COUNT / 2);
  });

  it('is no more than was asked for', async () => {
    const bytes = (await reading(100_000)).reduce((sum, batch) => sum + batch.valueBytes, 0);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThanOrEqual(100_000);
  });
});
