import type { QueueOptions } from '../../ports/queue.port.js';
import { positionOfOffset } from '../../position.js';
import { anEvent, events } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { ForgetfulLog } from '../../testing/forgetful-log.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { until } from '../../testing/until.js';
import { LogQueue } from './log-queue.js';

const FOREVER = { ms: 0, bytes: 0 };
const options = (more: Partial<QueueOptions> = {}): QueueOptions => ({
  topics: ['orders'],
  type: 'exclusive',
  start: 'earliest',
  ackTimeoutMs: 1000,
  maxAttempts: 1,
  maxUnacked: 5000,
  ...more,
});

describe('LogQueue', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let queue: LogQueue;
  const dropped: number[] = [];

  beforeEach(async () => {
    log = new InMemoryLog({ clock });
    dropped.length = 0;
    const counter = (name: string) => ({
      add: (amount = 1) => void (name === 'queue_dead_letters_dropped_total' && dropped.push(amount)),
    });
    const metrics = {
      counter,
      gauge: () => ({ set: () => undefined }),
      histogram: () => ({ observe: () => undefined }),
    };
    queue = new LogQueue({ log, clock, metrics });
    await log.createTopic('orders', 1, FOREVER);
  });
  afterEach(async () => {
    await queue.close();
    await log.close();
  });

  const publish = (count: number, prefix: string) =>
    log.append([{ topic: 'orders', partition: 0, records: events(count, prefix) }]);

  it('tells in a dead letter where it came from and how often it was tried', async () => {
    await log.createTopic('dead', 3, FOREVER);
    const [{ last }] = await publish(1, 'bad');
    const consumer = await queue.subscribe('reports', options({ deadLetterTopic: 'dead', maxAttempts: 2 }));
    for (let attempt = 0; attempt < 2; attempt++) await consumer.nack(await consumer.receive(1));
    const partition = await until('the letter', async () => {
      const place = (await log.ends('dead')).findIndex((end) => end.events === 1);
      return place >= 0 && { place };
    });
    const [letter] = await log.read({ topic: 'dead', partition: partition.place, after: '' }, 1000);
    expect(letter.recordAt(0)).toMatchObject({
      eventId: 'bad-1',
      attributes: {
        dead_letter_topic: 'orders',
        dead_letter_partition: 0,
        dead_letter_position: last,
        dead_letter_attempts: 2,
      },
    });
  });

  it('waits with a dead letter while the broker is away, and holds up what comes after it', async () => {
    await log.createTopic('dead', 1, FOREVER);
    await publish(2, 'event');
    const consumer = await queue.subscribe('reports', options({ deadLetterTopic: 'dead' }));
    const [bad, later] = await consumer.receive(2);
    log.setOutage(true);
    await consumer.nack([bad]);
    const waiting = consumer.receive(5);
    clock.advance(2000);
    log.setOutage(false);
    const received = await until('the next', async () => {
      clock.advance(500);
      return Promise.race([waiting, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
    });
    expect(received.map(({ event }) => event.eventId)).toEqual([later.event.eventId]);
    expect((await log.ends('dead'))[0].events).toBe(1);
  });

  it('leaves a dead letter where it is when it closes meanwhile', async () => {
    await log.createTopic('dead', 1, FOREVER);
    await publish(1, 'event');
    const consumer = await queue.subscribe('reports', options({ deadLetterTopic: 'dead' }));
    const held = await consumer.receive(1);
    log.setOutage(true);
    await consumer.nack(held);
    await queue.close();
    log.setOutage(false);
    queue = new LogQueue({ log, clock });
    const again = await queue.subscribe('reports', options({ deadLetterTopic: 'dead' }));
    expect(await again.receive(1)).toHaveLength(1);
  });

  it('drops and counts letters whose topic is not there', async () => {
    await publish(2, 'event');
    const consumer = await queue.subscribe('reports', options({ deadLetterTopic: 'nowhere' }));
    await consumer.nack((await consumer.receive(2)).slice(0, 1));
    expect((await consumer.receive(1))[0].event.eventId).toBe('event-2');
    expect(dropped).toEqual([1]);
  });

  it('reads on when the broker is back', async () => {
    const consumer = await queue.subscribe('reports', options());
    await publish(1, 'before');
    expect(await consumer.receive(1)).toHaveLength(1);
    log.setOutage(true);
    const waiting = consumer.receive(1);
    for (let round = 0; round < 10; round++) {
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    log.setOutage(false);
    await publish(1, 'after');
    const received = await until('the next', async () => {
      clock.advance(900);
      return Promise.race([waiting, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
    });
    expect(received).toHaveLength(1);
  });

  it('rejects an acknowledgement that could not be stored, and stores it with the next', async () => {
    await publish(3, 'event');
    const consumer = await queue.subscribe('reports', options({ ackTimeoutMs: 1_000_000 }));
    const [first, second] = await consumer.receive(3);
    log.setOutage(true);
    await expect(consumer.ack([first])).rejects.toMatchObject({ code: 'broker.unavailable' });
    log.setOutage(false);
    await consumer.ack([second]);
    expect((await log.committed('queue:reports'))[0].position).toBe(second.at.position);
  });

  it('goes on with the oldest that is kept when retention has overtaken it', async () => {
    await publish(3, 'event');
    const consumer = await queue.subscribe('reports', options());
    await consumer.ack((await consumer.receive(1)).slice(0, 1));
    await queue.close();
    await log.setRetention('orders', { ms: 1000, bytes: 0 });
    clock.advance(5000);
    await publish(2, 'later');
    queue = new LogQueue({ log, clock });
    const next = await queue.subscribe('reports', options());
    expect((await next.receive(10)).map(({ event }) => event.eventId)).toEqual(['later-1', 'later-2']);
  });

  it('waits, and goes on where it stood, when its place is lost although the lane still has it', async () => {
    const forgetful = new ForgetfulLog({ clock });
    await forgetful.createTopic('orders', 1, FOREVER);
    const other = new LogQueue({ log: forgetful, clock });
    const consumer = await other.subscribe('reports', options());
    const append = (count: number, prefix: string) =>
      forgetful.append([{ topic: 'orders', partition: 0, records: events(count, prefix) }]);
    await append(3, 'before');
    await until('what was there', async () => (await consumer.receive(10)).length === 3);
    forgetful.losses = 2;
    await append(1, 'after');
    const next = consumer.receive(10);
    let isThere = false;
    void next.then(() => (isThere = true));
    await until('what comes then', () => {
      clock.advance(50);
      return isThere;
    });
    expect((await next).map(({ event }) => event.eventId)).toEqual(['after-1']);
    expect(forgetful.tailsAfter.slice(1)).toEqual([2, 2].map(positionOfOffset));
    await other.close();
    await forgetful.close();
  });

  it('begins anew with a topic that was created anew', async () => {
    await publish(3, 'old');
    const consumer = await queue.subscribe('reports', options({ start: 'latest' }));
    await log.deleteTopic('orders');
    await consumer.close();
    await queue.close();
    await log.createTopic('orders', 1, FOREVER);
    await publish(1, 'new');
    queue = new LogQueue({ log, clock });
    const next = await queue.subscribe('reports', options({ start: 'latest' }));
    expect((await next.receive(10)).map(({ event }) => event.eventId)).toEqual(['new-1']);
  });

  it('stores what it can when one of its topics has been deleted', async () => {
    await log.createTopic('trades', 1, FOREVER);
    await publish(1, 'order');
    await log.append([{ topic: 'trades', partition: 0, records: events(1, 'trade') }]);
    const consumer = await queue.subscribe('reports', options({ topics: ['orders', 'trades'] }));
    const held = [...(await consumer.receive(2)), ...(await consumer.receive(2, AbortSignal.timeout(20)))];
    expect(held).toHaveLength(2);
    await log.deleteTopic('trades');
    await consumer.ack(held);
    const order = held.find(({ at }) => at.topic === 'orders');
    const committed = await log.committed('queue:reports');
    expect(committed.find(({ topic }) => topic === 'orders')?.position).toBe(order?.at.position);
  });

  it('stops reading while too much waits, and reads on when it does not', async () => {
    const consumer = await queue.subscribe('reports', options({ maxUnacked: 10, ackTimeoutMs: 1_000_000 }));
    for (let round = 0; round < 40; round++) await publish(100, `round${round}`);
    const seen: string[] = [];
    while (seen.length < 4000) {
      const deliveries = await consumer.receive(10);
      seen.push(...deliveries.map(({ event }) => event.eventId));
      await consumer.ack(deliveries);
    }
    expect(new Set(seen).size).toBe(4000);
    expect(seen[3999]).toBe('round39-100');
  });

  it('delivers what was refused again after its pause, even if the timer rings a little early', async () => {
    await publish(1, 'refused');
    const hasty = new (class extends FakeClock {
      override after(delayMs: number, callback: () => void) {
        return super.after(delayMs - 0.5, callback);
      }
    })();
    const early = new LogQueue({ log, clock: hasty });
    const consumer = await early.subscribe('reports', options({ maxAttempts: 2, ackTimeoutMs: 60_000 }));
    await consumer.nack(await consumer.receive(1), 100);
    const again = consumer.receive(1);
    hasty.advance(99.5);
    expect((await again).map(({ attempt }) => attempt)).toEqual([2]);
    await early.close();
  });

  it('takes other options only when it has no consumers', async () => {
    const first = await queue.subscribe('reports', options({ type: 'shared' }));
    await expect(queue.subscribe('reports', options({ type: 'key_shared' }))).rejects.toMatchObject({
      code: 'request.invalid',
    });
    await expect(queue.subscribe('reports', options({ type: 'exclusive' }))).rejects.toMatchObject({
      code: 'subscription.taken',
    });
    await first.close();
    await publish(1, 'event');
    const other = await queue.subscribe('reports', options({ type: 'exclusive' }));
    expect(await other.receive(1)).toHaveLength(1);
  });

  it.each(['ackTimeoutMs', 'maxAttempts', 'maxUnacked'] as const)('refuses %s of less than one', async (name) => {
    await expect(queue.subscribe('reports', options({ [name]: 0 }))).rejects.toMatchObject({
      code: 'request.invalid',
      problems: [{ path: name, rule: 'must be at least 1' }],
    });
  });

  it('takes no acknowledgement from a consumer that has closed, and none of an event that it does not know', async () => {
    await log.append([{ topic: 'orders', partition: 0, records: [anEvent()] }]);
    const consumer = await queue.subscribe('reports', options());
    const held = await consumer.receive(1);
    const [{ event, batch, index, attempt }] = held;
    const at = { ...held[0].at, topic: 'elsewhere' };
    const given = { event, batch, index, attempt };
    await consumer.ack([{ ...given, at }]);
    await consumer.nack([{ ...given, at }]);
    await consumer.close();
    await expect(consumer.ack(held)).rejects.toMatchObject({ code: 'broker.unavailable' });
  });
});
