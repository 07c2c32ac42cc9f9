import { DeadLetters } from '../../delivery/dead-letters.js';
import type { DeliveryOutcomes } from '../../delivery/delivery-outcomes.js';
import { ReplaySignals } from '../../delivery/replay-signals.js';
import { DistributionError } from '../../errors/distribution-error.js';
import type { EventBatch } from '../../event-batch.js';
import { noMetrics } from '../../ports/metrics.port.js';
import type { Delivery } from '../../ports/queue.port.js';
import type { NewTopic } from '../../ports/topic-catalog.port.js';
import type { LanePosition } from '../../position.js';
import { anEvent, aTopic } from '../../testing/builders.js';
import { aCompetingProcess } from '../../testing/competing.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryCursorStore } from '../../testing/in-memory-cursor-store.js';
import { InMemoryDeadLetterStore } from '../../testing/in-memory-dead-letter-store.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { lineEncoder, RecordingOutlet } from '../../testing/recording-outlet.js';
import { settle } from '../../testing/settle.js';
import { until } from '../../testing/until.js';
import { Replays } from '../replays.js';
import type { SingleAck } from '../single-ack.js';
import type { DurableSubscription } from '../subscription.js';
import { CompetingReader } from './competing-reader.js';

const SUBSCRIPTION: DurableSubscription = {
  subscriptionId: 'billing',
  tenant: 'default',
  subscriberService: 'billing',
  type: 'shared',
  deliveryGuarantee: 'at_least_once',
  slowPolicy: 'block',
  status: 'active',
  createdAtMicros: 0,
  topicPatterns: ['orders'],
  keyPatterns: [],
  filter: undefined,
};

/** A store that takes as long as a test wants. */
class SlowCursorStore extends InMemoryCursorStore {
  private letGo: () => void = () => undefined;
  private waiting: Promise<void> | undefined;
  isAsked = false;

  hold(): void {
    this.waiting = new Promise((resolve) => (this.letGo = resolve));
  }

  goOn(): void {
    this.waiting = undefined;
    this.letGo();
  }

  override async store(...given: Parameters<InMemoryCursorStore['store']>) {
    this.isAsked = this.waiting !== undefined;
    await this.waiting;
    return super.store(...given);
  }
}

/** Knows how many readers it has. */
class CountingLog extends InMemoryLog {
  openTails = 0;

  override async *tail(...given: Parameters<InMemoryLog['tail']>): AsyncGenerator<EventBatch, void, void> {
    this.openTails++;
    try {
      yield* super.tail(...given);
    } finally {
      this.openTails--;
    }
  }
}

const idsOf = (deliveries: readonly Delivery[]) => deliveries.map(({ batch, index }) => batch.eventIdAt(index));

describe('a subscription that is shared', () => {
  it('tells whoever observes deliveries what is acknowledged, and what is sent again because it was not', async () => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock });
    const cursors = new InMemoryCursorStore({ clock });
    await log.createTopic('orders', 1, { ms: 0, bytes: 0 });
    const seen: unknown[] = [];
    const outcomes: DeliveryOutcomes = {
      observer: {
        acknowledged: (delivery) => seen.push(['acknowledged', ...idsOf([delivery]), delivery.attempt]),
        retrying: ({ subscriptionId, eventId, attempts, reason }) =>
          seen.push(['retrying', subscriptionId, eventId, attempts, reason]),
        failed: () => seen.push('failed'),
      },
    };
    const competing = aCompetingProcess({ log, cursors, clock }, { outcomes });
    await competing.setTopics([aTopic('orders')]);
    const nothing = () => undefined;
    const seat = await competing.join(
      SUBSCRIPTION,
      { at: 'earliest' },
      { onSuspended: nothing, onResumed: nothing, onLost: nothing },
    );
    const records = ['a', 'b', 'c'].map((eventId) => anEvent({ eventId, routingKey: eventId }));
    await log.append([{ topic: 'orders', partition: 0, records }]);
    const received: Delivery[] = [];
    while (received.length < 3) received.push(...(await seat.receive(3, new AbortController().signal)));
    seat.ack(received.slice(0, 1));
    seat.ack(received.slice(0, 1));
    seat.nack(received.slice(1, 2), 60_000);
    await seat.leave();
    expect(seen).toEqual([
      ['acknowledged', 'a', 1],
      ['retrying', 'billing', 'b', 1, 'nacked'],
      ['retrying', 'billing', 'c', 1, 'session_ended'],
    ]);
    await competing.close();
    await log.close();
  });

  it.each([
    ['by its id, in all of its places', () => [{ eventIds: ['a'] }]],
    ['by where each copy lies', (places) => places.map((place) => ({ at: [place] }))],
  ] as readonly [string, (places: readonly LanePosition[]) => readonly SingleAck[]][])(
    'is sent an event once that a rule copied to another of its topics, if it is acknowledged %s',
    async (_how, acksOf) => {
      const clock = new FakeClock();
      const log = new InMemoryLog({ clock });
      const topics = ['orders', 'copies'];
      for (const topic of topics) await log.createTopic(topic, 1, { ms: 0, bytes: 0 });
      const competing = aCompetingProcess({ log, cursors: new InMemoryCursorStore({ clock }), clock });
      await competing.setTopics(topics.map((topic) => aTopic(topic)));
      const nothing = () => undefined;
      const seat = await competing.join(
        { ...SUBSCRIPTION, topicPatterns: topics },
        { at: 'earliest' },
        { onSuspended: nothing, onResumed: nothing, onLost: nothing },
      );
      const outlet = new RecordingOutlet();
      const reader = new CompetingReader(seat, {
        id: 's',
        feed: () => 1,
        allowance: { events: () => 10, spend: nothing },
        acksBySending: false,
        outlet,
        encoder: lineEncoder,
        clock,
        nextMark: () => 1,
      });
      for (const topic of topics) {
        await log.append([{ topic, partition: 0, records: [anEvent({ eventId: 'a', routingKey: 'a' })] }]);
      }
      await until('both copies', async () => {
        await settle(clock);
        return outlet.of('data').length === 2;
      });
      const places: LanePosition[] = [];
      for (const topic of topics) {
        const [{ lane, last }] = await log.ends(topic);
        places.push({ ...lane, position: last });
      }
      for (const ack of acksOf(places)) reader.ack(seat.generation, ack);
      for (let second = 0; second < 40; second++) {
        clock.advance(1_000);
        await settle(clock);
      }
      expect(outlet.of('data')).toHaveLength(2);
      await reader.close();
      await competing.close();
      await log.close();
    },
  );

  it('leaves nothing running of what could not be opened whole, and opens it when it is asked for again', async () => {
    const clock = new FakeClock();
    const log = new CountingLog({ clock });
    const store = new InMemoryDeadLetterStore();
    const signals = new ReplaySignals(store, clock);
    let isAway = true;
    const directory = {
      find: () => undefined,
      create: async ({ name, brokerName }: NewTopic) => {
        if (isAway) throw new DistributionError('store.unavailable', 'the database is away');
        await log.createTopic(brokerName, 1, { ms: 0, bytes: 0 });
        return aTopic(name, { brokerName });
      },
    };
    const ids = { uuid: () => '00000000-0000-4000-8000-000000000001', random: () => 0.5 };
    const whole = { service: 'shop', retentionPolicy: '7d', metrics: noMetrics };
    const letters = new DeadLetters({ ...whole, store, log, directory, signals, clock, ids });
    const replays = new Replays({ letters, store, signals, log, clock });
    await log.createTopic('orders', 1, { ms: 0, bytes: 0 });
    const cursors = new InMemoryCursorStore({ clock });
    const competing = aCompetingProcess({ log, cursors, clock }, { replays });
    await competing.setTopics([aTopic('orders')]);
    const nothing = () => undefined;
    const join = () =>
      competing.join(SUBSCRIPTION, { at: 'earliest' }, { onSuspended: nothing, onResumed: nothing, onLost: nothing });
    await expect(join()).rejects.toMatchObject({ code: 'store.unavailable' });
    await settle(clock);
    expect(log.openTails).toBe(0);
    expect(clock.pendingAlarms).toBe(0);
    expect((await cursors.standing('billing')).ownerId).toBeUndefined();
    isAway = false;
    const seat = await join();
    await log.append([{ topic: 'orders', partition: 0, records: [anEvent({ eventId: 'a' })] }]);
    expect(idsOf(await seat.receive(1, new AbortController().signal))).toEqual(['a']);
    await competing.close();
    await log.close();
  });

  it('gives nothing out before its term is renewed when it took most of it to begin', async () => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock });
    await log.createTopic('orders', 1, { ms: 0, bytes: 0 });
    await log.append([{ topic: 'orders', partition: 0, records: [anEvent({ eventId: 'a' })] }]);
    const cursors = new InMemoryCursorStore({ clock });
    const loadWithAbove = cursors.loadWithAbove.bind(cursors);
    cursors.loadWithAbove = (subscriptionId) => {
      cursors.loadWithAbove = loadWithAbove;
      clock.advance(7_000);
      return loadWithAbove(subscriptionId);
    };
    const competing = aCompetingProcess({ log, cursors, clock });
    await competing.setTopics([aTopic('orders')]);
    const nothing = () => undefined;
    const seat = await competing.join(
      SUBSCRIPTION,
      { at: 'earliest' },
      { onSuspended: nothing, onResumed: nothing, onLost: nothing },
    );
    const received: Delivery[] = [];
    const receiving = seat.receive(1, new AbortController().signal).then((given) => received.push(...given));
    await settle(clock);
    expect(idsOf(received)).toEqual([]);
    clock.advance(3_000);
    await settle(clock);
    expect(idsOf(received)).toEqual(['a']);
    await receiving;
    await competing.close();
    await log.close();
  });

  it('is received again, as soon as the last one has left, from what that one acknowledged', async () => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock });
    const cursors = new SlowCursorStore({ clock });
    await log.createTopic('orders', 1, { ms: 0, bytes: 0 });
    const competing = aCompetingProcess({ log, cursors, clock });
    await competing.setTopics([aTopic('orders')]);
    const nothing = () => undefined;
    const join = () =>
      competing.join(SUBSCRIPTION, { at: 'earliest' }, { onSuspended: nothing, onResumed: nothing, onLost: nothing });
    const records = ['a', 'b', 'c'].map((eventId) => anEvent({ eventId, routingKey: eventId }));
    await log.append([{ topic: 'orders', partition: 0, records }]);
    const { signal } = new AbortController();

    const first = await join();
    const received: Delivery[] = [];
    while (received.length < 3) received.push(...(await first.receive(3, signal)));
    cursors.hold();
    first.ack(received.slice(0, 2));
    const leaving = first.leave();
    await until('the store to be asked', () => cursors.isAsked);
    let hasJoined = false;
    const joining = join().then((seat) => {
      hasJoined = true;
      return seat;
    });
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    expect(hasJoined).toBe(false);
    cursors.goOn();
    await leaving;
    const second = await joining;
    expect(idsOf(await second.receive(3, signal))).toEqual(['c']);
    await competing.close();
    await log.close();
    expect(clock.pendingAlarms).toBe(0);
  });
});
