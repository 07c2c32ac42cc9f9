import type { TailStart } from '../ports/log.port.js';
import { BEFORE_FIRST } from '../position.js';
import { events } from './builders.js';
import { codeOf, idsOf, type LogContext, positionsOf, readAll } from './log.contract.js';
import { until } from './until.js';

const lane0 = (after: string, epoch?: string): TailStart => ({ topic: 'orders', partition: 0, after, epoch });
const inLane0 = (count: number, prefix: string, value?: unknown) => [
  { topic: 'orders', partition: 0, records: events(count, prefix, { value }) },
];

export function describeReading(context: LogContext): void {
  describe('reading', () => {
    it('gives a tail what is there and then what comes, in order', async () => {
      const { log } = await context.openWithTopic();
      await log.append(inLane0(2, 'before'));
      const tail = context.follow(log, lane0(BEFORE_FIRST));
      await until('the first events', () => tail.eventIds.length === 2);
      await log.append(inLane0(2, 'after'));
      await log.append([{ topic: 'orders', partition: 1, records: events(1, 'elsewhere') }]);
      await log.append(inLane0(1, 'last'));
      await until('the later events', () => tail.eventIds.length >= 5);
      expect(tail.eventIds).toEqual(['before-1', 'before-2', 'after-1', 'after-2', 'last-1']);
      expect(tail.positions).toEqual(positionsOf(await readAll(log, 'orders', 0)));
    });

    it('gives a tail what another client appends', async () => {
      const { log, another } = await context.openWithTopic();
      const tail = context.follow(await another(), lane0(BEFORE_FIRST));
      for (let round = 1; round <= 10; round++) {
        await log.append(inLane0(1, `round${round}`));
        await until(`round ${round}`, () => tail.eventIds.length === round);
      }
      expect(tail.eventIds).toEqual(Array.from({ length: 10 }, (_, round) => `round${round + 1}-1`));
    });

    it('starts a tail after any position, in the midst of an append too', async () => {
      const { log } = await context.openWithTopic();
      await log.append(inLane0(5, 'a'));
      await log.append(inLane0(5, 'b'));
      const all = positionsOf(await readAll(log, 'orders', 0));
      const everyId = idsOf(await readAll(log, 'orders', 0));
      for (const skipped of [1, 3, 5, 8]) {
        const tail = context.follow(log, lane0(all[skipped - 1]));
        await until(`all after ${skipped}`, () => tail.eventIds.length >= 10 - skipped);
        expect(tail.eventIds).toEqual(everyId.slice(skipped));
        expect(tail.positions).toEqual(all.slice(skipped));
      }
    });

    it('serves many tails of one lane alike', async () => {
      const { log } = await context.openWithTopic();
      const tails = Array.from({ length: 5 }, () => context.follow(log, lane0(BEFORE_FIRST)));
      await Promise.all(Array.from({ length: 20 }, (_, call) => log.append(inLane0(2, `call${call}`))));
      await until('all of them', () => tails.every((tail) => tail.eventIds.length === 40));
      for (const tail of tails) expect(tail.positions).toEqual(tails[0].positions);
    });

    it('stops a tail whose reader does not ask', async () => {
      const { log } = await context.openWithTopic();
      for (let round = 0; round < 30; round++) await log.append(inLane0(1, `round${round}`, 'x'.repeat(10_000)));
      const abort = new AbortController();
      const tail = log
        .tail(lane0(BEFORE_FIRST), { signal: abort.signal, maxBatchBytes: 20_000 })
        [Symbol.asyncIterator]();
      expect((await tail.next()).done).toBe(false);
      await log.deleteTopic('orders');
      // Whatever comes now was read ahead.
      let readAhead = 0;
      const drain = async () => {
        while (!(await tail.next()).done) readAhead++;
      };
      expect(await codeOf(drain())).toBe('topic.not_found');
      expect(readAhead).toBeLessThanOrEqual(4);
    });

    it('ends a tail without an error when its signal aborts, waiting or not', async () => {
      const { log } = await context.openWithTopic();
      const waiting = context.follow(log, lane0(BEFORE_FIRST));
      await log.append(inLane0(1, 'seen'));
      await until('the tail to wait', () => waiting.eventIds.length === 1);
      await waiting.stop();
      expect([waiting.hasEnded, waiting.error]).toEqual([true, undefined]);

      const aborted = log.tail(lane0(BEFORE_FIRST), { signal: AbortSignal.abort() });
      expect((await aborted[Symbol.asyncIterator]().next()).done).toBe(true);

      const abort = new AbortController();
      const seen: string[] = [];
      await log.append(inLane0(1, 'second'));
      for await (const batch of log.tail(lane0(BEFORE_FIRST), { signal: abort.signal, maxBatchBytes: 1 })) {
        seen.push(...batch.eventIds);
        abort.abort();
      }
      expect(seen).toEqual(['seen-1']);
    });

    it('ends tails when it closes', async () => {
      const { log } = await context.openWithTopic();
      const tail = context.follow(log, lane0(BEFORE_FIRST));
      await log.append(inLane0(1, 'seen'));
      await until('the tail to wait', () => tail.eventIds.length === 1);
      await log.close();
      await until('the end', () => tail.hasEnded);
      expect(tail.error).toBeUndefined();
    });

    it('reads no more than about what was asked for, and at least one batch', async () => {
      const { log } = await context.openWithTopic();
      for (let round = 0; round < 10; round++) await log.append(inLane0(1, `round${round}`, 'x'.repeat(10_000)));
      expect(idsOf(await log.read(lane0(BEFORE_FIRST), 1))).toEqual(['round0-1']);
      const some = idsOf(await log.read(lane0(BEFORE_FIRST), 45_000)).length;
      expect(some).toBeGreaterThan(1);
      expect(some).toBeLessThan(6);
      expect(idsOf(await readAll(log, 'orders', 0))).toHaveLength(10);
    });

    it('reads nothing at the end, without waiting', async () => {
      const { log } = await context.openWithTopic();
      expect(await log.read(lane0(BEFORE_FIRST), 1000)).toEqual([]);
      const [{ last }] = await log.append(inLane0(3, 'a'));
      expect(await log.read(lane0(last), 1000)).toEqual([]);
    });

    it('finds the position just before the first event that it took at a time', async () => {
      const { log, letTimePass } = await context.openWithTopic();
      for (let round = 0; round < 20; round++) {
        await log.append(inLane0(3, `round${round}`));
        await letTimePass(3);
      }
      const batches = await readAll(log, 'orders', 0);
      for (const batch of batches) {
        const position = await log.seek('orders', 0, batch.appendedMicros);
        expect((await log.read(lane0(position), 1))[0].eventIds[0]).toBe(batch.eventIds[0]);
        const between = await log.seek('orders', 0, batch.appendedMicros - 500);
        expect(between).toBe(position);
      }
      const [ends] = await log.ends('orders');
      expect(await log.seek('orders', 0, 0)).toBe(ends.beforeFirst);
      expect(await log.seek('orders', 0, batches[batches.length - 1].appendedMicros + 60_000_000)).toBe(ends.last);
    });

    it('refuses positions of another epoch, and what was never a position', async () => {
      const { log } = await context.openWithTopic();
      const [{ lane, last }] = await log.append(inLane0(1, 'a'));
      expect(await codeOf(log.read(lane0(last, lane.epoch), 1000))).toBe('no error');
      expect(await codeOf(log.read(lane0(last, 'another'), 1000))).toBe('position.lost');
      expect(await codeOf(log.read(lane0('~~not~~'), 1000))).toBe('request.invalid');
      const tail = context.follow(log, lane0(last, 'another'));
      await until('the refusal', () => tail.hasEnded);
      expect(tail.error).toMatchObject({ code: 'position.lost' });
    });
  });
}
