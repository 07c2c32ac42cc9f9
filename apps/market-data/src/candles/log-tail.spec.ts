import { BEFORE_FIRST, type EventBatch, type Lane, partitionOf } from '@distributary/distribution-core';
import { anEvent, FakeClock, InMemoryLog } from '@distributary/distribution-core/testing';
import { SystemClock } from '@distributary/distribution-nest';
import type { ArchiveRow } from '../archive/archive-row.js';
import { aRow } from '../archive/testing/archive-world.js';
import { routingKeyOf } from '../symbology/routing-key.js';
import { LogTail } from './log-tail.js';

const TOPIC = 'market-data/trades';

const wanted = new AbortController().signal;

const rowOf = (batch: EventBatch, index: number): ArchiveRow =>
  aRow(0, {
    position: batch.positions.at(index),
    eventId: batch.eventIdAt(index),
    symbol: String(batch.attributeAt(index, 'symbol')),
  });

describe('what the log has beyond the archive', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let tail: LogTail;
  let lane: Lane;

  beforeEach(async () => {
    log = new InMemoryLog({ clock, maxInFlightBytes: 1e6, maxRecordBytes: 1e6 });
    await log.createTopic(TOPIC, 4, { ms: 0, bytes: 0 });
    tail = new LogTail(log, rowOf, new SystemClock(), { maxRows: 5 });
    [lane] = await tail.lanes(TOPIC, ['AAPL']);
  });
  afterEach(() => log.close());

  async function publish(...ids: readonly string[]) {
    const records = ids.map((eventId) =>
      anEvent({ eventId, routingKey: 'AAPL.NASDAQ.trade', attributes: { symbol: eventId.split('-')[0] } }),
    );
    const [{ last }] = await log.append([{ topic: TOPIC, partition: lane.partition, records }]);
    return last;
  }
  const idsAfter = async (after: string) =>
    (await tail.eventsAfter(lane, after, ['AAPL'], wanted)).rows.map((row) => row.eventId);

  it("is the symbol's events after the position, and where the lane ended", async () => {
    const first = await publish('AAPL-1', 'AAPL-2');
    const last = await publish('MSFT-1', 'AAPL-3');
    expect(await idsAfter(BEFORE_FIRST)).toEqual(['AAPL-1', 'AAPL-2', 'AAPL-3']);
    expect(await idsAfter(first)).toEqual(['AAPL-3']);
    expect(await tail.eventsAfter(lane, last, ['AAPL'], wanted)).toEqual({ rows: [], end: last });
  });

  it('leaves out a copy of an event that the archive has', async () => {
    const archived = await publish('AAPL-1', 'AAPL-2');
    await publish('AAPL-2', 'AAPL-3', 'AAPL-3');
    expect(await idsAfter(archived)).toEqual(['AAPL-3']);
  });

  it('is refused if it is more than fits', async () => {
    await publish('AAPL-1', 'AAPL-2', 'AAPL-3', 'AAPL-4', 'AAPL-5', 'AAPL-6');
    await expect(idsAfter(BEFORE_FIRST)).rejects.toMatchObject({ code: 'gateway.full' });
  });

  it('gives others their turn while it reads, and ends when nobody wants it any more', async () => {
    const attributes = { symbol: 'MSFT' };
    for (let at = 0; at < 20; at++) {
      const records = [anEvent({ eventId: `MSFT-${at}`, attributes, value: Buffer.alloc(300_000) })];
      await log.append([{ topic: TOPIC, partition: lane.partition, records }]);
    }
    let reads = 0;
    const counted: Pick<InMemoryLog, 'ends' | 'read' | 'seek'> = {
      ends: (topic) => log.ends(topic),
      seek: (topic, partition, micros) => log.seek(topic, partition, micros),
      read: (start, maxBytes) => (reads++, log.read(start, maxBytes)),
    };
    const asking = new AbortController();
    let turns = 0;
    const takeTurns = () => {
      if (++turns === 10) asking.abort(new Error('not wanted'));
      else setImmediate(takeTurns);
    };
    setImmediate(takeTurns);
    const reading = new LogTail(counted, rowOf, new SystemClock(), { maxRows: 5 });
    await expect(reading.eventsAfter(lane, BEFORE_FIRST, ['AAPL'], asking.signal)).rejects.toThrow('not wanted');
    expect(turns).toBe(10);
    expect(reads).toBeGreaterThan(5);
    expect(reads).toBeLessThan(15);
  });

  it('says what the log has lost already', async () => {
    const archived = await publish('AAPL-1');
    await publish('AAPL-2');
    clock.advance(10_000);
    await log.setRetention(TOPIC, { ms: 5_000, bytes: 0 });
    const end = await publish('AAPL-3');
    const read = await tail.eventsAfter(lane, archived, ['AAPL'], wanted);
    expect(read.rows.map(({ eventId }) => eventId)).toEqual(['AAPL-3']);
    expect(read).toMatchObject({ end, lostUpTo: expect.any(String) });
  });

  it('is of all symbols that are asked for', async () => {
    const many = Array.from({ length: 40 }, (_, index) => `S${index}`);
    expect(await tail.lanes(TOPIC, many)).toHaveLength(4);
    await publish('AAPL-1', 'MSFT-1', 'TSLA-1');
    const { rows } = await tail.eventsAfter(lane, BEFORE_FIRST, ['MSFT', 'AAPL'], wanted);
    expect(rows.map((row) => row.eventId)).toEqual(['AAPL-1', 'MSFT-1']);
  });

  it('is nothing of a topic that the broker has no more', async () => {
    await log.deleteTopic(TOPIC);
    expect(await tail.lanes(TOPIC, ['AAPL'])).toEqual([]);
  });

  it('is of one lane: the one in which the symbol lies', async () => {
    expect(await tail.lanes(TOPIC, ['AAPL'])).toHaveLength(1);
    for (const symbol of ['BRK.B', '^GSPC', 'BTC/USD']) {
      const key = routingKeyOf({ symbol, exchange: 'NYSE', dataType: 'TRADE' });
      expect((await tail.lanes(TOPIC, [symbol])).map(({ partition }) => partition)).toEqual([partitionOf(key, 4)]);
    }
    const gone = { ...lane, epoch: 'gone' };
    await expect(tail.eventsAfter(gone, BEFORE_FIRST, ['AAPL'], wanted)).rejects.toMatchObject({
      code: 'position.lost',
    });
  });
});
