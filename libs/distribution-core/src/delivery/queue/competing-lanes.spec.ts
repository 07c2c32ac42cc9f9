import type { CompetingEvents, CompetingOptions, CompetingSource } from '../../ports/competing-subscriptions.port.js';
import type { LanePlace } from '../../ports/lane-groups.port.js';
import { BEFORE_FIRST, type Position } from '../../position.js';
import { anEvent } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { settle } from '../../testing/settle.js';
import { LogQueue } from './log-queue.js';

const OPTIONS = {
  topics: ['orders'],
  type: 'shared',
  start: 'earliest',
  ackTimeoutMs: 10_000,
  maxAttempts: 3,
  maxUnacked: 100,
} as const;

/** A broker that gives out what a test tells it to, and keeps what it is told. */
class ObedientSource implements CompetingSource {
  readonly acked: Position[] = [];
  readonly deleted: string[] = [];
  joined: { readonly name: string; readonly options: CompetingOptions } | undefined;
  hasLeft = false;
  refusal: Error | undefined;
  private events: CompetingEvents | undefined;

  constructor(private readonly log: InMemoryLog) {}

  join(name: string, options: CompetingOptions, events: CompetingEvents) {
    this.joined = { name, options };
    this.events = events;
    return Promise.resolve({
      ack: (_: LanePlace, positions: readonly Position[]) => {
        if (this.refusal !== undefined) return Promise.reject(this.refusal);
        this.acked.push(...positions);
        return Promise.resolve();
      },
      positions: () => Promise.resolve([]),
      leave: () => {
        this.hasLeft = true;
        return Promise.resolve();
      },
    });
  }

  delete(name: string): Promise<void> {
    this.deleted.push(name);
    return Promise.resolve();
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }

  /** Everything that is in the lane, as if nobody had had it, or as often as that. */
  async giveAll(redeliveries = 0): Promise<void> {
    for (const batch of await this.log.read({ topic: 'orders', partition: 0, after: BEFORE_FIRST }, 100_000)) {
      this.events?.onBatch(
        batch,
        Array.from({ length: batch.count }, () => redeliveries),
      );
    }
  }

  lose(): void {
    this.events?.onLost({ topic: 'orders', partition: 0 });
  }
}

async function aQueue(...eventIds: string[]) {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  await log.createTopic('orders', 1, { ms: 0, bytes: 0 });
  const records = eventIds.map((eventId) => anEvent({ eventId, routingKey: eventId.split(':')[0] }));
  if (records.length > 0) await log.append([{ topic: 'orders', partition: 0, records }]);
  const source = new ObedientSource(log);
  return { clock, log, source, queue: new LogQueue({ log, clock, competing: source }) };
}

const idsOf = (deliveries: readonly { readonly event: { readonly eventId: string } }[]) =>
  deliveries.map(({ event }) => event.eventId);

describe('a subscription that the broker spreads', () => {
  it('tells the broker of each event that is acknowledged, in whatever order', async () => {
    const { queue, source } = await aQueue('a:1', 'a:2', 'a:3');
    const consumer = await queue.subscribe('readers', OPTIONS);
    expect(source.joined).toMatchObject({ name: 'readers', options: { type: 'shared', topics: ['orders'] } });
    await source.giveAll();
    const held = await consumer.receive(3);
    await consumer.ack([held[2]]);
    await consumer.ack([held[0]]);
    expect(source.acked).toEqual([held[2].at.position, held[0].at.position]);
  });

  it('rejects an acknowledgement of which the broker may not have heard', async () => {
    const { queue, source } = await aQueue('a:1');
    const consumer = await queue.subscribe('readers', OPTIONS);
    await source.giveAll();
    source.refusal = new Error('gone');
    await expect(consumer.ack(await consumer.receive(1))).rejects.toThrow('gone');
  });

  it('gives an event once, however often the broker gives it while it is here, and counts what others tried', async () => {
    const { queue, source } = await aQueue('a:1');
    const consumer = await queue.subscribe('readers', OPTIONS);
    await source.giveAll(4);
    await source.giveAll(5);
    const held = await consumer.receive(10);
    expect(held.map(({ attempt }) => attempt)).toEqual([5]);
    await consumer.ack(held);
    expect(source.acked).toHaveLength(1);
  });

  it('forgets what waits when the broker may give it to others, and keeps what is held', async () => {
    const { queue, source, clock } = await aQueue('a:1', 'a:2');
    const consumer = await queue.subscribe('readers', OPTIONS);
    await source.giveAll();
    const held = await consumer.receive(1);
    source.lose();
    const waiting = consumer.receive(1);
    await settle(clock);
    await source.giveAll(1);
    expect(idsOf(await waiting)).toEqual(['a:2']);
    await consumer.ack(held);
    expect(source.acked).toEqual([held[0].at.position]);
  });

  it('keeps the order of a key when an earlier event of it comes again', async () => {
    const { queue, source, clock } = await aQueue('a:1', 'b:1', 'a:2');
    const consumer = await queue.subscribe('readers', { ...OPTIONS, type: 'key_shared' });
    await source.giveAll();
    const held = await consumer.receive(3);
    await consumer.nack([held[0]], 1_000);
    await consumer.ack([held[1]]);
    const waiting = consumer.receive(5);
    clock.advance(1_100);
    expect(idsOf(await waiting)).toEqual(['a:1', 'a:2']);
  });

  it('acknowledges silently what is not selected', async () => {
    const { queue, source } = await aQueue('a:1', 'b:1');
    const selection = { topicPatterns: ['orders'], keyPatterns: ['b'], filter: undefined };
    const consumer = await queue.subscribe('readers', { ...OPTIONS, selection });
    await source.giveAll();
    expect(idsOf(await consumer.receive(5))).toEqual(['b:1']);
    expect(source.acked).toHaveLength(1);
  });

  it('leaves with its last consumer, and is deleted at the broker', async () => {
    const { queue, source } = await aQueue();
    const consumer = await queue.subscribe('readers', OPTIONS);
    await consumer.close();
    expect(source.hasLeft).toBe(true);
    await queue.deleteSubscription('readers');
    expect(source.deleted).toEqual(['readers']);
  });

  it('is not asked for where there is order: the log is enough', async () => {
    const { queue, source } = await aQueue('a:1');
    const consumer = await queue.subscribe('readers', { ...OPTIONS, type: 'exclusive' });
    expect(idsOf(await consumer.receive(1))).toEqual(['a:1']);
    expect(source.joined).toBeUndefined();
  });
});
