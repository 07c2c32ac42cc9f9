import { LOCAL_PRINCIPAL } from '../access/local-principal.js';
import { DeadLetters, deadLetterTopic } from '../delivery/dead-letters.js';
import type { DeliveryOutcomes, FailedAttempt } from '../delivery/delivery-outcomes.js';
import { ReplaySignals } from '../delivery/replay-signals.js';
import { FanOut } from '../fan-out/fan-out.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { NewTopic, TopicDefinition } from '../ports/topic-catalog.port.js';
import {
  aCompetingProcess,
  anEvent,
  FakeClock,
  InMemoryCursorStore,
  InMemoryDeadLetterStore,
  InMemoryLog,
  InMemorySubscriptionStore,
  lineEncoder,
  RecordingOutlet,
  settle,
} from '../testing/index.js';
import { Handovers } from './handovers.js';
import { Replays } from './replays.js';
import type { SubscribeCommand } from './stream-commands.js';
import { StreamSession } from './stream-session.js';
import { DEFAULT_STREAM_SESSION_LIMITS } from './stream-session-dependencies.js';

const defined = (topic: NewTopic): TopicDefinition => ({ ...topic, catalogVersion: 1, createdAtMicros: 0 });
const ORDERS = defined({
  ...deadLetterTopic('shop', 'default', '7d'),
  name: 'orders',
  brokerName: 'orders',
  partitions: 2,
});

describe('a durable subscription that is received in order', () => {
  let clock: FakeClock;
  let log: InMemoryLog;
  let fanOut: FanOut;
  let cursors: InMemoryCursorStore;
  let subscriptions: InMemorySubscriptionStore;
  let store: InMemoryDeadLetterStore;
  let letters: DeadLetters;
  let replays: Replays;
  let owners = 0;
  const topics = new Map<string, TopicDefinition>();
  const handovers = new Handovers();
  const outcomes: DeliveryOutcomes = { observer: undefined };
  const seen: unknown[] = [];

  beforeEach(async () => {
    clock = new FakeClock();
    log = new InMemoryLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics });
    cursors = new InMemoryCursorStore({ clock });
    subscriptions = new InMemorySubscriptionStore();
    store = new InMemoryDeadLetterStore();
    outcomes.observer = undefined;
    seen.length = 0;
    topics.clear();
    topics.set('orders', ORDERS);
    await log.createTopic('orders', 2, { ms: 0, bytes: 0 });
    await fanOut.setTopics([ORDERS]);
    const directory = {
      find: (name: string) => topics.get(name),
      create: async (topic: NewTopic) => {
        await log.createTopic(topic.brokerName, topic.partitions, { ms: 0, bytes: 0 });
        topics.set(topic.name, defined(topic));
        return defined(topic);
      },
    };
    const signals = new ReplaySignals(store, clock);
    let letterIds = 0;
    const ids = {
      uuid: () => `00000000-0000-4000-8000-${String(++letterIds).padStart(12, '0')}`,
      random: () => 0.5,
    };
    letters = new DeadLetters({
      store,
      log,
      directory,
      signals,
      service: 'shop',
      retentionPolicy: '7d',
      clock,
      ids,
      metrics: noMetrics,
      outcomes,
    });
    replays = new Replays({ letters, store, signals, log, clock });
    signals.start();
  });
  afterEach(async () => {
    await fanOut.stop();
    await log.close();
  });

  const settled = async (ms = 2) => {
    await settle(clock, 8);
    clock.advance(ms);
    await settle(clock, 8);
  };
  const open = async (more: Partial<NonNullable<SubscribeCommand['durable']>> = {}, id = 's') => {
    const outlet = new RecordingOutlet();
    const session = new StreamSession(
      {
        fanOut,
        log,
        subscriptions,
        cursors,
        competing: aCompetingProcess({ log, cursors, clock }),
        clock,
        ids: { uuid: () => `owner-${++owners}`, random: () => 0.5 },
        handovers,
        replays,
        outcomes,
        catalogVersion: () => 1,
        lookAtCatalog: () => Promise.resolve(),
        limits: { ...DEFAULT_STREAM_SESSION_LIMITS, ackTimeoutMs: 1_000 },
      },
      LOCAL_PRINCIPAL,
      outlet,
      lineEncoder,
    );
    const durable = {
      name: 'billing',
      type: 'exclusive' as const,
      deliveryGuarantee: 'at_least_once' as const,
      subscriberService: 'billing',
      delivery: { maxAttempts: 3 },
      ...more,
    };
    const subscribing = session.subscribe({
      id,
      selection: { topicPatterns: ['orders'], keyPatterns: ['a', 'b'], filter: undefined },
      start: { at: 'earliest' },
      slowPolicy: 'block',
      maxRate: undefined,
      credit: undefined,
      durable,
    });
    for (let round = 0; round < 6; round++) await settled();
    if (durable.type === 'exclusive') await subscribing;
    return { outlet, session, subscribing };
  };
  const publish = async (partition: number, ...texts: string[]) => {
    const records = texts.map((text) => {
      const [key, n] = text.split(':');
      return anEvent({ eventId: text, routingKey: key, value: { event_id: text, n: Number(n) } });
    });
    await log.append([{ topic: 'orders', partition, records }]);
    await settled(20);
  };
  const observe = () => {
    const note = (what: string) => (attempt: FailedAttempt) => {
      const { subscriptionId, eventId, at, attempts, reason } = attempt;
      seen.push([what, subscriptionId, eventId, `${at.topic}#${at.partition}`, attempts, reason]);
    };
    outcomes.observer = {
      acknowledged: () => seen.push('acknowledged'),
      retrying: note('retrying'),
      failed: note('failed'),
    };
  };
  const idsIn = (outlet: RecordingOutlet) =>
    outlet.of('data').flatMap(({ events = [] }) => events.map(({ event_id }) => event_id));
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) await settled(100);
  };
  /** By lane, where it stands by now. */
  const told = (outlet: RecordingOutlet, partition: number) => {
    const frames = outlet.messages.filter(({ payload }) => payload.lane === `orders#${partition}`);
    const { epoch, pos } = frames.at(-1)?.payload as { epoch: string; pos: string };
    return { topic: 'orders', partition, epoch, position: pos };
  };

  it('sends the lane again that was not acknowledged, and not the others', async () => {
    const { outlet, session } = await open();
    await publish(0, 'a:1', 'a:2');
    await publish(1, 'b:1');
    session.ack({ id: 's', generation: 1, positions: [told(outlet, 1)] });
    await pass(1_700);
    expect(idsIn(outlet)).toEqual(['a:1', 'a:2', 'b:1', 'a:1', 'a:2']);
    expect(outlet.chainBreaks()).toEqual([]);
    await session.close();
  });

  it('lets other lanes go on while one waits for its pause', async () => {
    const { outlet, session } = await open();
    await publish(0, 'a:1');
    session.nack({ id: 's', generation: 1, positions: [], delayMs: 10_000 });
    await settled();
    await publish(1, 'b:1');
    expect(idsIn(outlet)).toEqual(['a:1', 'b:1']);
    session.ack({ id: 's', generation: 1, positions: [told(outlet, 1)] });
    // Ten times as long as it may take to acknowledge: what is about to be sent again is not overdue.
    await pass(9_900);
    expect(idsIn(outlet)).toEqual(['a:1', 'b:1']);
    await pass(200);
    expect(idsIn(outlet)).toEqual(['a:1', 'b:1', 'a:1']);
    expect(await store.countDead()).toEqual([]);
    await session.close();
  });

  it('does not wait for what is not its own', async () => {
    const { outlet, session } = await open();
    await publish(0, 'x:1', 'x:2');
    await pass(9_000);
    expect(idsIn(outlet)).toEqual([]);
    expect(outlet.of('subscribed')).toHaveLength(1);
    await session.close();
  });

  it('takes a late acknowledgement, and sends only what comes after it', async () => {
    const { outlet, session } = await open();
    await publish(0, 'a:1', 'a:2');
    const late = told(outlet, 0);
    session.nack({ id: 's', generation: 1, positions: [], delayMs: 500 });
    await settled();
    session.ack({ id: 's', generation: 1, positions: [late] });
    await publish(0, 'a:3');
    await pass(600);
    expect(idsIn(outlet)).toEqual(['a:1', 'a:2', 'a:3']);
    expect(outlet.chainBreaks()).toEqual([]);
    await session.close();
  });

  it('buries the one event that fails too often, counting on what a former owner counted', async () => {
    const first = await open();
    await publish(0, 'x:9', 'a:1', 'a:2');
    for (let attempt = 0; attempt < 2; attempt++) {
      first.session.nack({ id: 's', generation: 1, positions: [], delayMs: 1 });
      await pass(300);
    }
    expect(await store.countDead()).toEqual([]);
    await first.session.close();
    const second = await open();
    second.session.nack({ id: 's', generation: 2, positions: [], delayMs: 1 });
    await pass(300);
    expect(await store.list({ tenant: 'default' }, 10)).toMatchObject([
      { eventId: 'a:1', attempts: 3, reason: 'nacked', subscriptionId: 'billing', at: { topic: 'orders' } },
    ]);
    expect(idsIn(second.outlet)).toEqual(['a:1', 'a:2', 'a:2']);
    expect(second.outlet.chainBreaks()).toEqual([]);
    await second.session.close();
  });

  it('takes no acknowledgement back that came while an event was being buried', async () => {
    const { outlet, session } = await open({ delivery: { maxAttempts: 1 } });
    await publish(0, 'a:1', 'a:2', 'a:3');
    const bury = store.bury.bind(store);
    let goOn: () => void = () => undefined;
    const isBack = new Promise<void>((resolve) => (goOn = resolve));
    store.bury = async (letter) => {
      await isBack;
      return bury(letter);
    };
    session.nack({ id: 's', generation: 1, positions: [] });
    await pass(200);
    session.ack({ id: 's', generation: 1, positions: [told(outlet, 0)] });
    await pass(200);
    goOn();
    await pass(3_000);
    expect(await store.list({ tenant: 'default' }, 10)).toMatchObject([{ eventId: 'a:1' }]);
    expect(idsIn(outlet)).toEqual(['a:1', 'a:2', 'a:3']);
    await session.close();
  });

  it('tells whoever observes deliveries of each attempt that failed, and of what is given up', async () => {
    observe();
    const { session } = await open({ delivery: { maxAttempts: 2 } });
    await publish(0, 'x:9', 'a:1', 'a:2');
    session.nack({ id: 's', generation: 1, positions: [], delayMs: 1 });
    await pass(1_400);
    expect(seen).toEqual([
      ['retrying', 'billing', 'a:1', 'orders#0', 1, 'nacked'],
      ['failed', 'billing', 'a:1', 'orders#0', 2, 'ack_timeout'],
    ]);
    await session.close();
  });

  it('tells of what was sent and not acknowledged when its session ends, and of nothing that was', async () => {
    observe();
    const { outlet, session } = await open();
    await publish(0, 'a:1', 'a:2');
    await publish(1, 'b:1');
    session.ack({ id: 's', generation: 1, positions: [told(outlet, 1)] });
    await session.close();
    expect(seen).toEqual([['retrying', 'billing', 'a:1', 'orders#0', 1, 'session_ended']]);
  });

  it('tells of a replayed letter that is acknowledged, or fails again', async () => {
    const { session } = await open({ delivery: { maxAttempts: 1 } });
    await publish(0, 'a:1');
    session.nack({ id: 's', generation: 1, positions: [] });
    await pass(200);
    observe();
    await letters.replay(LOCAL_PRINCIPAL, { subscriptionId: 'billing' }, 'subscription');
    await pass(300);
    session.nack({ id: 's', generation: 1, single: { eventIds: ['a:1'] } });
    await pass(300);
    expect(seen).toEqual([['failed', 'billing', 'a:1', 'shop/dead-letters#0', 1, 'nacked']]);
    await letters.replay(LOCAL_PRINCIPAL, { subscriptionId: 'billing' }, 'subscription');
    await pass(300);
    session.ack({ id: 's', generation: 1, single: { eventIds: ['a:1'] } });
    expect(seen.slice(1)).toEqual(['acknowledged']);
    await pass(300);
    await session.close();
  });

  it('finds the blocking event in the log when memory has let go of it', async () => {
    const { outlet, session } = await open({ delivery: { maxAttempts: 1 } });
    await publish(0, 'x:1', 'a:1');
    for (const { segments } of fanOut.laneStates()) while (segments.oldest !== undefined) segments.dropOldest();
    session.nack({ id: 's', generation: 1, positions: [] });
    await pass(500);
    expect(await store.list({ tenant: 'default' }, 10)).toMatchObject([{ eventId: 'a:1', attempts: 1 }]);
    expect(idsIn(outlet)).toEqual(['a:1']);
    await session.close();
  });

  it('receives a dead letter again between its frames, until it is acknowledged by itself', async () => {
    const { outlet, session } = await open({ delivery: { maxAttempts: 1 } });
    await publish(0, 'a:1');
    const single = { eventIds: ['a:1'] };
    expect(() => session.ack({ id: 's', generation: 1, single })).toThrow('acknowledged cumulatively');
    session.nack({ id: 's', generation: 1, positions: [] });
    await pass(200);
    await letters.replay(LOCAL_PRINCIPAL, { subscriptionId: 'billing' }, 'subscription');
    await pass(300);
    expect(idsIn(outlet)).toEqual(['a:1', 'a:1']);
    expect(outlet.of('data').at(-1)).toMatchObject({ prev: '', pos: '', attempt: 1, lane: 'shop/dead-letters#0' });
    session.ack({ id: 's', generation: 1, single });
    await pass(200);
    expect(await store.list({ tenant: 'default' }, 10)).toMatchObject([{ status: 'replayed' }]);
    await session.close();
  });

  it('whose letter fails again has a dead letter again', async () => {
    const { outlet, session } = await open({ delivery: { maxAttempts: 1 } });
    await publish(0, 'a:1');
    session.nack({ id: 's', generation: 1, positions: [] });
    await pass(200);
    await letters.replay(LOCAL_PRINCIPAL, { subscriptionId: 'billing' }, 'subscription');
    await pass(300);
    session.nack({ id: 's', generation: 1, single: { at: [(await store.list({ tenant: 'default' }, 1))[0].letter] } });
    await pass(300);
    expect(await store.list({ tenant: 'default' }, 10)).toMatchObject([{ status: 'dead', attempts: 2, replays: 1 }]);
    expect(idsIn(outlet)).toEqual(['a:1', 'a:1']);
    await session.close();
  });

  it('looks for no replayed letters any more when it ended while it began to', async () => {
    const first = await open({ delivery: { maxAttempts: 1 } });
    await publish(0, 'a:1');
    first.session.nack({ id: 's', generation: 1, positions: [] });
    await pass(200);
    await first.session.close();
    await letters.replay(LOCAL_PRINCIPAL, { subscriptionId: 'billing' }, 'subscription');
    let watches = 0;
    const watch = replays.watch.bind(replays);
    replays.watch = (...given) => {
      watches++;
      const end = watch(...given);
      return () => {
        watches--;
        end();
      };
    };
    let goOn: () => void = () => undefined;
    const isBack = new Promise<void>((resolve) => (goOn = resolve));
    const attach = replays.attach.bind(replays);
    replays.attach = async (...given) => {
      await isBack;
      return attach(...given);
    };
    const second = await open();
    expect(watches).toBe(1);
    await second.session.close();
    goOn();
    await pass(200);
    expect(watches).toBe(0);
  });

  // Events that were sent while the session was still being made counted as acknowledged.
  it('loses nothing that was sent before it was answered', async () => {
    await publish(0, 'a:1');
    const first = await open();
    await first.session.close();
    const second = await open();
    expect([idsIn(first.outlet), idsIn(second.outlet)]).toEqual([['a:1'], ['a:1']]);
    await second.session.close();
  });

  it.each([0, 3_000])('of at-most-once acknowledges by sending, and ends %i ms later', async (ms) => {
    const { outlet, session } = await open({ deliveryGuarantee: 'at_most_once' });
    await publish(0, 'a:1');
    await pass(ms);
    await session.close();
    const again = await open({ deliveryGuarantee: 'at_most_once' });
    expect([idsIn(outlet), idsIn(again.outlet)]).toEqual([['a:1'], []]);
    await again.session.close();
  });

  it('of at-most-once has acknowledged what was sent right before its session ended', async () => {
    const { outlet, session } = await open({ deliveryGuarantee: 'at_most_once' });
    await publish(0, 'a:1');
    await session.close();
    const again = await open({ deliveryGuarantee: 'at_most_once' });
    expect([idsIn(outlet), idsIn(again.outlet)]).toEqual([['a:1'], []]);
    await again.session.close();
  });

  it('of failover is handed over at once, to the one that waits longest', async () => {
    const first = await open({ type: 'failover' });
    const second = await open({ type: 'failover' });
    const third = await open({ type: 'failover' });
    await first.session.close();
    await settle(clock, 30);
    expect(second.outlet.of('subscribed')).toHaveLength(1);
    expect(third.outlet.of('subscribed')).toHaveLength(0);
    await second.session.close();
    await settle(clock, 30);
    expect(third.outlet.of('subscribed')).toHaveLength(1);
    await third.session.close();
  });
});
