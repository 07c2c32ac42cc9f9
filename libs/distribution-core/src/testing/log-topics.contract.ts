import { BEFORE_FIRST } from '../position.js';
import { events } from './builders.js';
import { codeOf, FOREVER, idsOf, type LogContext, positionsOf, readAll } from './log.contract.js';
import { until } from './until.js';

const append = (topic: string, partition: number, count: number, prefix: string) => [
  { topic, partition, records: events(count, prefix) },
];

export function describeTopics(context: LogContext): void {
  describe('topics', () => {
    it('lists what was created, with its lanes by partition', async () => {
      const { log, another } = await context.open();
      expect(await log.listTopics()).toEqual([]);
      const created = await log.createTopic('orders', 2, { ms: 1000, bytes: 5000 });
      expect(created).toMatchObject({ name: 'orders', partitions: 2, retention: { ms: 1000, bytes: 5000 } });
      expect(created.lanes.map(({ topic, partition }) => [topic, partition])).toEqual([
        ['orders', 0],
        ['orders', 1],
      ]);
      await log.createTopic('trades', 1, FOREVER);
      const topics = await (await another()).listTopics();
      expect(topics.map(({ name }) => name).sort()).toEqual(['orders', 'trades']);
      expect(topics.find(({ name }) => name === 'orders')).toEqual(created);
    });

    it('refuses a second topic of a name, and a topic without partitions', async () => {
      const { log } = await context.openWithTopic();
      expect(await codeOf(log.createTopic('orders', 1, FOREVER))).toBe('topic.exists');
      expect(await codeOf(log.createTopic('empty', 0, FOREVER))).toBe('request.invalid');
    });

    it('does not know topics and partitions that are not there', async () => {
      const { log } = await context.openWithTopic();
      const start = { topic: 'nowhere', partition: 0, after: BEFORE_FIRST };
      const calls = [
        () => log.append(append('nowhere', 0, 1, 'a')),
        () => log.append(append('orders', 3, 1, 'a')),
        () => log.read(start, 1000),
        () => log.read({ ...start, topic: 'orders', partition: 3 }, 1000),
        () => log.ends('nowhere'),
        () => log.seek('nowhere', 0, 0),
        () => log.deleteTopic('nowhere'),
        () => log.setRetention('nowhere', FOREVER),
      ];
      for (const call of calls) expect(await codeOf(call())).toBe('topic.not_found');
    });

    it('knows the ends of each lane', async () => {
      const { log } = await context.openWithTopic();
      const [{ lane, first, last }] = await log.append(append('orders', 1, 3, 'a'));
      const ends = await log.ends('orders');
      expect(ends.map((end) => [end.lane.partition, end.events])).toEqual([
        [0, 0],
        [1, 3],
        [2, 0],
      ]);
      expect(ends[0].last).toBe(ends[0].beforeFirst);
      expect(ends[1].lane).toEqual(lane);
      expect(ends[1].last).toBe(last);
      expect(ends[1].beforeFirst < first).toBe(true);
      expect(ends[1].bytes).toBeGreaterThan(0);
    });

    it('ends the readers of a deleted topic, and gives nothing of it to its successor', async () => {
      const { log, another } = await context.openWithTopic();
      const other = await another();
      const [{ lane, last }] = await log.append(append('orders', 0, 3, 'old'));
      const start = { topic: 'orders', partition: 0, after: last, epoch: lane.epoch };
      const tails = [context.follow(log, start), context.follow(other, start)];
      await log.deleteTopic('orders');
      await until('the tails to end', () => tails.every((tail) => tail.hasEnded));
      for (const tail of tails) expect(tail.error).toMatchObject({ code: 'topic.not_found' });
      expect(await codeOf(other.append(append('orders', 0, 1, 'late')))).toBe('topic.not_found');

      const successor = await log.createTopic('orders', 3, FOREVER);
      expect(successor.lanes[0].epoch).not.toBe(lane.epoch);
      expect(await readAll(log, 'orders', 0)).toEqual([]);
      expect(await codeOf(log.read(start, 1000))).toBe('position.lost');
      await other.append(append('orders', 0, 2, 'new'));
      expect(idsOf(await readAll(log, 'orders', 0))).toEqual(['new-1', 'new-2']);
    });

    if (context.factory.retainsPromptly) {
      it('drops what is older than its retention, and says so to who wanted it', async () => {
        const { log, letTimePass } = await context.openWithTopic();
        await log.setRetention('orders', { ms: 60_000, bytes: 0 });
        const [old] = await log.append(append('orders', 0, 3, 'old'));
        await letTimePass(40_000);
        await log.append(append('orders', 0, 3, 'new'));
        await letTimePass(30_000);
        const ends = await until('the old ones to go', async () => {
          const [lane] = await log.ends('orders');
          return lane.events === 3 && lane;
        });
        expect(ends.beforeFirst).toBe(old.last);
        expect(idsOf(await readAll(log, 'orders', 0))).toEqual(['new-1', 'new-2', 'new-3']);
        const start = { topic: 'orders', partition: 0 };
        expect(await codeOf(log.read({ ...start, after: old.last }, 1000))).toBe('no error');
        expect(await codeOf(log.read({ ...start, after: old.first }, 1000))).toBe('position.lost');
        expect(await codeOf(log.read({ ...start, after: BEFORE_FIRST }, 1000))).toBe('position.lost');
        const tail = context.follow(log, { ...start, after: old.first });
        await until('the tail to be told', () => tail.hasEnded);
        expect(tail.error).toMatchObject({ code: 'position.lost' });
      });

      it('drops the oldest of a lane that is larger than its retention, and goes on counting', async () => {
        const { log } = await context.openWithTopic();
        await log.setRetention('orders', { ms: 0, bytes: 20_000 });
        const positions: string[] = [];
        for (let round = 0; round < 50; round++) {
          const records = events(1, `round${round}`, { value: 'x'.repeat(2000) });
          const [{ last }] = await log.append([{ topic: 'orders', partition: 0, records }]);
          positions.push(last);
        }
        const [{ bytes, events: kept, last }] = await log.ends('orders');
        expect(bytes).toBeLessThanOrEqual(20_000);
        expect(kept).toBeGreaterThan(5);
        expect(last).toBe(positions[49]);
        expect(positionsOf(await readAll(log, 'orders', 0))).toEqual(positions.slice(-kept));
      });

      it('keeps the end of a lane from which everything has gone', async () => {
        const { log, letTimePass, another } = await context.openWithTopic();
        await log.setRetention('orders', { ms: 60_000, bytes: 0 });
        const [{ last }] = await log.append(append('orders', 0, 3, 'old'));
        await letTimePass(120_000);
        await until('everything to go', async () => (await log.ends('orders'))[0].events === 0);
        await log.close();
        const later = await another();
        expect((await later.ends('orders'))[0]).toMatchObject({ beforeFirst: last, last, events: 0, bytes: 0 });
        const [{ first }] = await later.append(append('orders', 0, 1, 'new'));
        expect(first > last).toBe(true);
      });
    }
  });

  describe('groups', () => {
    it('keep their positions by lane, for every client', async () => {
      const { log, another } = await context.openWithTopic();
      expect(await log.committed('readers')).toEqual([]);
      const [one, two] = await log.append([...append('orders', 0, 3, 'a'), ...append('orders', 2, 3, 'b')]);
      const positions = [
        { ...one.lane, position: one.first },
        { ...two.lane, position: two.first },
      ];
      await log.commit({ group: 'readers', positions });
      const moved = { ...two.lane, position: two.last };
      await log.commit({ group: 'readers', positions: [moved] });
      await log.commit({ group: 'others', positions: [moved] });
      const other = await another();
      const committed = [...(await other.committed('readers'))].sort((a, b) => a.partition - b.partition);
      expect(committed).toEqual([positions[0], moved]);
    });

    it('are gone when they are deleted, and only they', async () => {
      const { log } = await context.openWithTopic();
      const [{ lane, last }] = await log.append(append('orders', 0, 1, 'a'));
      const positions = [{ ...lane, position: last }];
      await log.commit({ group: 'readers', positions });
      await log.commit({ group: 'readers2', positions });
      await log.deleteGroup('readers');
      await log.deleteGroup('never-there');
      expect(await log.committed('readers')).toEqual([]);
      expect(await log.committed('readers2')).toEqual(positions);
    });
  });
}
