import type { QueueConsumer } from '../ports/queue.port.js';
import { codeOf } from './log.contract.js';
import { idsOf, numbered, type QueueContext, receive, receiveNothing } from './queue.contract.js';

export function describeCompetition(context: QueueContext): void {
  describe('who receives', () => {
    it('waits until there is something, and gives at most what was asked for', async () => {
      const consumer = await context.subscribe();
      const waiting = consumer.receive(2);
      await context.publish('orders', 0, ...numbered('a', 3));
      // Over a network they need not come together.
      const first = idsOf(await waiting);
      expect(['a:1', 'a:1 a:2']).toContain(first.join(' '));
      const rest = await receive(consumer, 3 - first.length);
      expect([...first, ...idsOf(rest)]).toEqual(numbered('a', 3));
    });

    it('answers with nothing when it is aborted or closed, and only then', async () => {
      const consumer = await context.subscribe();
      const abort = new AbortController();
      const aborted = consumer.receive(1, abort.signal);
      const closed = consumer.receive(1);
      abort.abort();
      expect(await aborted).toEqual([]);
      expect(await consumer.receive(1, abort.signal)).toEqual([]);
      await consumer.close();
      await consumer.close();
      expect(await closed).toEqual([]);
      expect(await consumer.receive(1)).toEqual([]);
    });

    it('gives events as they were, with their place and attempt', async () => {
      await context.publish('orders', 0, 'a:1');
      const consumer = await context.subscribe();
      const [{ event, at, attempt }] = await receive(consumer, 1);
      const [{ lane, last }] = await context.harness.log.ends('orders');
      expect(event).toMatchObject({ eventId: 'a:1', routingKey: 'a' });
      expect(JSON.parse(Buffer.from(event.value).toString())).toEqual({ event_id: 'a:1' });
      expect(at).toEqual({ ...lane, position: last });
      expect(attempt).toBe(1);
    });

    it('begins with the oldest or with what comes, as asked', async () => {
      await context.publish('orders', 0, 'old:1');
      const earliest = await context.subscribe({ start: 'earliest' }, 'all');
      const latest = await context.subscribe({ start: 'latest' }, 'new');
      await context.publish('orders', 0, 'new:1');
      expect(idsOf(await receive(earliest, 2))).toEqual(['old:1', 'new:1']);
      expect(idsOf(await receive(latest, 1))).toEqual(['new:1']);
    });

    it('serves each subscription everything of all lanes of its topics', async () => {
      const one = await context.subscribe({ topics: ['orders', 'trades'] }, 'one');
      const two = await context.subscribe({ topics: ['trades'] }, 'two');
      await context.publish('orders', 0, 'o:1');
      await context.publish('trades', 0, 't:1');
      await context.publish('trades', 1, 't:2');
      expect(idsOf(await receive(one, 3)).sort()).toEqual(['o:1', 't:1', 't:2']);
      expect(idsOf(await receive(two, 2)).sort()).toEqual(['t:1', 't:2']);
    });

    it('does not know topics that are not there, and refuses to have none', async () => {
      expect(await codeOf(context.subscribe({ topics: ['nowhere'] }))).toBe('topic.not_found');
      expect(await codeOf(context.subscribe({ topics: [] }))).toBe('request.invalid');
      expect(await codeOf(context.subscribe())).toBe('no error');
    });

    it('refuses a second consumer of an exclusive subscription, until the first has left', async () => {
      const first = await context.subscribe({ type: 'exclusive' });
      expect(await codeOf(context.subscribe({ type: 'exclusive' }))).toBe('subscription.taken');
      await context.publish('orders', 0, 'a:1');
      expect(await receive(first, 1)).toHaveLength(1);
      await first.close();
      const second = await context.subscribe({ type: 'exclusive' });
      expect(idsOf(await receive(second, 1))).toEqual(['a:1']);
    });

    it('hands a failover subscription over to the next, in order and without a loss', async () => {
      const first = await context.subscribe({ type: 'failover' });
      const second = await context.subscribe({ type: 'failover' });
      await context.publish('orders', 0, ...numbered('a', 6));
      const held = await receive(first, 4);
      await receiveNothing(second);
      await first.ackCumulative(held[1]);
      await first.close();
      expect(idsOf(await receive(second, 4))).toEqual(['a:3', 'a:4', 'a:5', 'a:6']);
    });

    it('shares events among the consumers of a shared subscription, each to one', async () => {
      const consumers = [await context.subscribe(), await context.subscribe(), await context.subscribe()];
      await context.publish('orders', 0, ...numbered('a', 30));
      const received = await Promise.all(consumers.map((consumer) => receive(consumer, 10)));
      expect(received.flatMap(idsOf).sort()).toEqual(numbered('a', 30).sort());
    });

    it('keeps each key of a key_shared subscription with one consumer, in order', async () => {
      const consumers = await Promise.all([1, 2, 3].map(() => context.subscribe({ type: 'key_shared' })));
      const keys = Array.from({ length: 12 }, (_, index) => `key${index}`);
      for (let round = 1; round <= 5; round++)
        await context.publish('orders', 0, ...keys.map((key) => `${key}:${round}`));
      const seen = await drain(consumers, 60);
      for (const key of keys) {
        const owners = seen.filter((ids) => ids.some((id) => id.startsWith(`${key}:`)));
        expect(owners).toHaveLength(1);
        expect(owners[0].filter((id) => id.startsWith(`${key}:`))).toEqual(numbered(key, 5));
      }
      expect(seen.filter((ids) => ids.length > 0).length).toBeGreaterThan(1);
    });

    it('moves a key to another consumer only when nothing of it is held', async () => {
      const first = await context.subscribe({ type: 'key_shared' });
      const keys = Array.from({ length: 8 }, (_, index) => `key${index}`);
      await context.publish('orders', 0, ...keys.map((key) => `${key}:1`));
      const held = await receive(first, 8);
      const second = await context.subscribe({ type: 'key_shared' });
      await context.publish('orders', 0, ...keys.map((key) => `${key}:2`));
      await receiveNothing(second);
      await first.ack(held);
      const seen = await drain([first, second], 8);
      expect(seen.flat().sort()).toEqual(keys.map((key) => `${key}:2`));
      expect(seen[1].length).toBeGreaterThan(0);
    });

    it('gives a consumer no more than it may hold unacknowledged', async () => {
      const consumer = await context.subscribe({ maxUnacked: 3 });
      await context.publish('orders', 0, ...numbered('a', 10));
      const [first, ...others] = await receive(consumer, 3);
      expect(others).toHaveLength(2);
      await receiveNothing(consumer);
      await consumer.ack([first]);
      expect(idsOf(await receive(consumer, 1))).toEqual(['a:4']);
      await receiveNothing(consumer);
    });
  });
}

/** Receives and acknowledges until `count` have come to any of them; what each saw. */
async function drain(consumers: readonly QueueConsumer[], count: number): Promise<string[][]> {
  const abort = new AbortController();
  let left = count;
  return Promise.all(
    consumers.map(async (consumer) => {
      const seen: string[] = [];
      for (;;) {
        const deliveries = await consumer.receive(2, AbortSignal.any([abort.signal, AbortSignal.timeout(5000)]));
        if (deliveries.length === 0) return seen;
        seen.push(...idsOf(deliveries));
        await consumer.ack(deliveries);
        left -= deliveries.length;
        if (left <= 0) abort.abort();
      }
    }),
  );
}
