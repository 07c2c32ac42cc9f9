import type { QueueOptions } from '../ports/queue.port.js';
import { codeOf, idsOf as eventIdsOf, readAll } from './log.contract.js';
import { idsOf, numbered, optionsWith, type QueueContext, receive, receiveNothing } from './queue.contract.js';
import { until } from './until.js';

export function describeRedelivery(context: QueueContext): void {
  describe('until it is acknowledged', () => {
    const attemptsOf = (deliveries: readonly { attempt: number }[]) => deliveries.map(({ attempt }) => attempt);

    it('delivers again what was not acknowledged in time, and counts the attempts', async () => {
      const consumer = await context.subscribe({ ackTimeoutMs: 1000 });
      await context.publish('orders', 0, ...numbered('a', 2));
      const [first, second] = await receive(consumer, 2);
      await consumer.ack([second]);
      await context.harness.letTimePass(700);
      await receiveNothing(consumer);
      await context.harness.letTimePass(400);
      const [again] = await receive(consumer, 1);
      expect([again.event.eventId, again.attempt]).toEqual([first.event.eventId, 2]);
      await context.harness.letTimePass(1100);
      const [third] = await receive(consumer, 1);
      expect(third.attempt).toBe(3);
      await consumer.ack([third]);
      await context.harness.letTimePass(5000);
      await receiveNothing(consumer);
    });

    it('delivers what was refused again at once, or after the delay', async () => {
      const consumer = await context.subscribe();
      await context.publish('orders', 0, 'a:1');
      await consumer.nack(await receive(consumer, 1));
      const again = await receive(consumer, 1);
      expect(attemptsOf(again)).toEqual([2]);
      await consumer.nack(again, 2000);
      await receiveNothing(consumer);
      await context.harness.letTimePass(1500);
      await receiveNothing(consumer);
      await context.harness.letTimePass(600);
      expect(attemptsOf(await receive(consumer, 1))).toEqual([3]);
    });

    it('lets another consumer of a shared subscription have what one refused', async () => {
      const first = await context.subscribe();
      await context.publish('orders', 0, 'a:1');
      const refused = await receive(first, 1);
      const second = await context.subscribe();
      await first.nack(refused);
      expect(idsOf(await receive(second, 1))).toEqual(['a:1']);
    });

    it.each(['exclusive', 'failover'] as const)('keeps the order of a lane of an %s subscription', async (type) => {
      const consumer = await context.subscribe({ type });
      await context.publish('orders', 0, ...numbered('a', 5));
      const held = await receive(consumer, 3);
      await consumer.ack([held[0]]);
      await consumer.nack([held[1]], 1000);
      await receiveNothing(consumer);
      await context.harness.letTimePass(1100);
      expect(idsOf(await receive(consumer, 4))).toEqual(['a:2', 'a:3', 'a:4', 'a:5']);
    });

    it('keeps the order of a key of a key_shared subscription, and does not stop other keys', async () => {
      const consumer = await context.subscribe({ type: 'key_shared' });
      await context.publish('orders', 0, 'a:1', 'b:1', 'a:2', 'b:2', 'a:3');
      const held = await receive(consumer, 3);
      await consumer.nack([held[0]], 1000);
      expect(idsOf(await receive(consumer, 1))).toEqual(['b:2']);
      await receiveNothing(consumer);
      await context.harness.letTimePass(1100);
      expect(idsOf(await receive(consumer, 3))).toEqual(['a:1', 'a:2', 'a:3']);
    });

    it('delivers what a consumer held when it closed to the next', async () => {
      const first = await context.subscribe();
      const second = await context.subscribe();
      await context.publish('orders', 0, ...numbered('a', 4));
      const held = await receive(first, 3);
      await first.ack([held[1]]);
      await first.close();
      expect(idsOf(await receive(second, 3)).sort()).toEqual(['a:1', 'a:3', 'a:4']);
    });

    it('takes what failed too often to the dead letters, and goes on', async () => {
      const consumer = await context.subscribe({ type: 'exclusive', maxAttempts: 3, deadLetterTopic: 'dead' });
      await context.publish('orders', 0, 'bad:1', 'good:1');
      for (let attempt = 1; attempt <= 3; attempt++) {
        const [bad] = await receive(consumer, 1);
        expect([bad.event.eventId, bad.attempt]).toEqual(['bad:1', attempt]);
        await consumer.nack([bad]);
      }
      const [good] = await receive(consumer, 1);
      expect(good.event.eventId).toBe('good:1');
      await consumer.ack([good]);
      const dead = await until('the dead letter', async () => {
        const letters = await readAll(context.harness.log, 'dead', 0);
        return letters.length > 0 && letters;
      });
      expect(eventIdsOf(dead)).toEqual(['bad:1']);
      expect(JSON.parse(dead[0].valueAt(0).toString())).toEqual({ event_id: 'bad:1' });
      await receiveNothing(consumer);
    });

    it('drops what failed too often if there is no topic for it', async () => {
      const consumer = await context.subscribe({ maxAttempts: 1 });
      await context.publish('orders', 0, 'bad:1', 'good:1');
      await consumer.nack(await receive(consumer, 1));
      expect(idsOf(await receive(consumer, 1))).toEqual(['good:1']);
      await receiveNothing(consumer);
    });

    it('takes cumulative acknowledgements where there is order, and refuses them elsewhere', async () => {
      const ordered = await context.subscribe({ type: 'exclusive', ackTimeoutMs: 1000 }, 'ordered');
      const shared = await context.subscribe({ type: 'shared' }, 'shared');
      const keyShared = await context.subscribe({ type: 'key_shared' }, 'key-shared');
      await context.publish('orders', 0, ...numbered('a', 4));
      const held = await receive(ordered, 4);
      await ordered.ackCumulative(held[2]);
      await context.harness.letTimePass(1100);
      expect(idsOf(await receive(ordered, 1))).toEqual(['a:4']);
      for (const consumer of [shared, keyShared]) {
        const [delivery] = await receive(consumer, 1);
        expect(await codeOf(consumer.ackCumulative(delivery))).toBe('request.invalid');
      }
    });

    it('goes on after a restart where it was acknowledged, and repeats nothing below that', async () => {
      const options: Partial<QueueOptions> = { type: 'exclusive', topics: ['orders', 'trades'] };
      const consumer = await context.subscribe(options);
      await context.publish('orders', 0, ...numbered('o', 4));
      await context.publish('trades', 1, ...numbered('t', 2));
      const held = await receive(consumer, 6);
      await consumer.ack(held.filter(({ event }) => ['o:1', 'o:2', 't:1'].includes(event.eventId)));
      const queue = await context.harness.restart();
      await context.publish('orders', 0, 'o:5');
      const next = await queue.subscribe('reports', optionsWith(options));
      expect(idsOf(await receive(next, 4)).sort()).toEqual(['o:3', 'o:4', 'o:5', 't:2']);
      await receiveNothing(next);
    });

    it('remembers after a restart that it began with the latest', async () => {
      await context.publish('orders', 0, 'old:1');
      await context.subscribe({ start: 'latest' });
      const queue = await context.harness.restart();
      await context.publish('orders', 0, 'new:1');
      const consumer = await queue.subscribe('reports', optionsWith({ start: 'latest' }));
      expect(idsOf(await receive(consumer, 1))).toEqual(['new:1']);
    });

    it('forgets a subscription that is deleted', async () => {
      const consumer = await context.subscribe();
      await context.publish('orders', 0, ...numbered('a', 2));
      await consumer.ack(await receive(consumer, 2));
      const waiting = consumer.receive(1);
      await context.harness.queue.deleteSubscription('reports');
      await context.harness.queue.deleteSubscription('never-there');
      expect(await waiting).toEqual([]);
      const anew = await context.subscribe();
      expect(idsOf(await receive(anew, 2))).toEqual(['a:1', 'a:2']);
    });

    it('ends its consumers when it closes, and takes no more', async () => {
      const consumer = await context.subscribe();
      const waiting = consumer.receive(1);
      await context.harness.queue.close();
      expect(await waiting).toEqual([]);
      expect(await codeOf(context.subscribe())).toBe('broker.unavailable');
    });
  });
}
