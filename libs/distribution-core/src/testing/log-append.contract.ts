import type { LaneAppend } from '../ports/log.port.js';
import { events } from './builders.js';
import { codeOf, idsOf, type LogContext, positionsOf, readAll } from './log.contract.js';

const to = (partition: number, count: number, prefix: string): LaneAppend => ({
  topic: 'orders',
  partition,
  records: events(count, prefix),
});

const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);

export function describeAppending(context: LogContext): void {
  describe('appending', () => {
    it('answers with the first and last position of each lane, in the order of the argument', async () => {
      const { log } = await context.openWithTopic();
      const [b, a] = await log.append([to(2, 3, 'b'), to(0, 2, 'a')]);
      expect([b.lane.partition, a.lane.partition]).toEqual([2, 0]);
      const positions = positionsOf(await readAll(log, 'orders', 2));
      expect([b.first, b.last]).toEqual([positions[0], positions[2]]);
      expect(a.last > a.first).toBe(true);
    });

    it('keeps events of a lane in the order of the appends', async () => {
      const { log } = await context.openWithTopic();
      for (let round = 1; round <= 5; round++) await log.append([to(1, 4, `round${round}`)]);
      const batches = await readAll(log, 'orders', 1);
      expect(idsOf(batches)).toEqual([1, 2, 3, 4, 5].flatMap((round) => ids(`round${round}`, 4)));
      const positions = positionsOf(batches);
      expect(positions).toEqual([...positions].sort());
      expect(new Set(positions).size).toBe(positions.length);
    });

    it('keeps the order of appends that were called without waiting', async () => {
      const { log } = await context.openWithTopic();
      const calls = Array.from({ length: 100 }, (_, call) => log.append([to(call % 2, 3, `call${call}`)]));
      const appended = (await Promise.all(calls)).map(([first]) => first);
      const even = Array.from({ length: 50 }, (_, half) => 2 * half);
      expect(idsOf(await readAll(log, 'orders', 0))).toEqual(even.flatMap((call) => ids(`call${call}`, 3)));
      expect(idsOf(await readAll(log, 'orders', 1))).toEqual(even.flatMap((call) => ids(`call${call + 1}`, 3)));
      expect(appended.every(({ first }, call) => call < 2 || first > appended[call - 2].last)).toBe(true);
    });

    it('gives events back as they were', async () => {
      const { log } = await context.openWithTopic();
      const records = events(2, 'exact', {
        attributes: { severity: 'critical', level: 3, open: true },
        routingKey: 'AAPL.NASDAQ.trade',
        timeMicros: 1_750_000_000_123_456,
      });
      await log.append([{ topic: 'orders', partition: 0, records }]);
      const [batch] = await readAll(log, 'orders', 0);
      expect(batch.recordAt(1)).toEqual({ ...records[1], value: batch.valueAt(1) });
      expect(batch.valueAt(1).toString()).toBe(Buffer.from(records[1].value).toString());
    });

    it('stores an append over several lanes as a whole or not at all', async () => {
      const { log } = await context.openWithTopic();
      const missing = { topic: 'nowhere', partition: 0, records: events(1) };
      expect(await codeOf(log.append([to(0, 2, 'a'), missing]))).toBe('topic.not_found');
      expect(await codeOf(log.append([to(0, 2, 'a'), to(99, 1, 'b')]))).toBe('topic.not_found');
      if (!log.transactions) return;
      expect(await readAll(log, 'orders', 0)).toEqual([]);
    });

    it('moves the positions of a group together with what it appends', async () => {
      const { log } = await context.openWithTopic();
      if (!log.transactions) {
        const commit = { group: 'router', positions: [] };
        expect(await codeOf(log.append([to(0, 1, 'a')], commit))).toBe('request.invalid');
        return;
      }
      const [{ lane, last }] = await log.append([to(0, 1, 'input')]);
      const positions = [{ ...lane, position: last }];
      await log.append([to(1, 1, 'output')], { group: 'router', positions });
      expect(await log.committed('router')).toEqual(positions);

      const late = events(1, 'late');
      const failing = log.append([{ topic: 'nowhere', partition: 0, records: late }], {
        group: 'other',
        positions,
      });
      expect(await codeOf(failing)).toBe('topic.not_found');
      expect(await log.committed('other')).toEqual([]);
    });

    it('has everything that it acknowledged for a client that comes later', async () => {
      const { log, another } = await context.openWithTopic();
      await log.append([to(0, 3, 'kept')]);
      await log.close();
      expect(idsOf(await readAll(await another(), 'orders', 0))).toEqual(ids('kept', 3));
    });

    it('never gives two clients the same position', async () => {
      const { log, another } = await context.openWithTopic();
      const other = await another();
      const calls = Array.from({ length: 40 }, (_, call) => (call % 2 ? log : other).append([to(0, 2, `call${call}`)]));
      const appended = (await Promise.all(calls)).map(([one]) => one);
      expect(new Set(appended.map(({ first }) => first)).size).toBe(40);
      const batches = await readAll(log, 'orders', 0);
      expect(idsOf(batches)).toHaveLength(80);
      expect(idsOf(batches).filter((id) => /^call\d*[13579]-/.test(id))).toEqual(
        Array.from({ length: 20 }, (_, half) => ids(`call${2 * half + 1}`, 2)).flat(),
      );
    });

    it('refuses an append without records', async () => {
      const { log } = await context.openWithTopic();
      expect(await codeOf(log.append([{ topic: 'orders', partition: 0, records: [] }]))).toBe('request.invalid');
    });

    if (context.factory.hasLimits) {
      it('refuses an event that is too large and an append that is larger than all that may be in flight', async () => {
        const { log } = await context.openWithTopic({ maxRecordBytes: 1000, maxInFlightBytes: 5000 });
        const large = events(1, 'large', { value: 'x'.repeat(2000) });
        expect(await codeOf(log.append([{ topic: 'orders', partition: 0, records: large }]))).toBe('payload.too_large');
        const many = events(10, 'many', { value: 'x'.repeat(900) });
        expect(await codeOf(log.append([{ topic: 'orders', partition: 0, records: many }]))).toBe('payload.too_large');
        expect(await readAll(log, 'orders', 0)).toEqual([]);
      });

      it('is busy while too many bytes are in flight, and takes more when they are not', async () => {
        const { log } = await context.openWithTopic({ maxInFlightBytes: 20_000 });
        const big = (prefix: string): LaneAppend => ({
          topic: 'orders',
          partition: 0,
          records: events(1, prefix, { value: 'x'.repeat(5000) }),
        });
        const codes = await Promise.all(Array.from({ length: 10 }, (_, call) => codeOf(log.append([big(`c${call}`)]))));
        expect(codes.slice(0, 3)).toEqual(['no error', 'no error', 'no error']);
        expect(codes.slice(3)).toEqual(Array(7).fill('ingest.busy'));
        expect(await codeOf(log.append([big('later')]))).toBe('no error');
        expect(idsOf(await readAll(log, 'orders', 0))).toEqual(['c0-1', 'c1-1', 'c2-1', 'later-1']);
      });
    }

    it('finishes what is in flight when it closes, and refuses what comes later', async () => {
      const { log, another } = await context.openWithTopic();
      const inFlight = log.append([to(0, 2, 'flying')]);
      const closing = log.close();
      await inFlight;
      await closing;
      await log.close();
      const later = [
        () => log.append([to(0, 1, 'late')]),
        () => log.read({ topic: 'orders', partition: 0, after: '' }, 1000),
        () => log.ends('orders'),
        () => log.listTopics(),
        () => log.createTopic('late', 1, { ms: 0, bytes: 0 }),
        () => log.committed('late'),
        () => log.seek('orders', 0, 0),
      ];
      for (const call of later) expect(await codeOf(call())).toBe('broker.unavailable');
      expect(idsOf(await readAll(await another(), 'orders', 0))).toEqual(ids('flying', 2));
    });
  });
}
