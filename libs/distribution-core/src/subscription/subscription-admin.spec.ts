import { LOCAL_PRINCIPAL } from '../access/local-principal.js';
import type { Principal } from '../access/principal.js';
import { FanOut } from '../fan-out/fan-out.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { positionOfOffset } from '../position.js';
import {
  aCompetingProcess,
  aTopic,
  anEvent,
  FakeClock,
  InMemoryCursorStore,
  InMemoryLog,
  InMemorySubscriptionStore,
  lineEncoder,
  RecordingOutlet,
  settle,
} from '../testing/index.js';
import { type LiveReader, LiveReaders, type ReaderReport } from './live-readers.js';
import { SelectionPlaces } from './selection-places.js';
import { StreamSession } from './stream-session.js';
import { DEFAULT_STREAM_SESSION_LIMITS } from './stream-session-dependencies.js';
import { type NewSubscription, SubscriptionAdmin, subscriptionVersion } from './subscription-admin.js';
import { SubscriptionHealthCheck } from './subscription-health.js';
import type { Selection } from './subscription.js';

const ADMIN = LOCAL_PRINCIPAL;
const GUEST: Principal = { ...ADMIN, permissions: [] };
const STRANGER: Principal = { ...ADMIN, tenant: 'acme' };

const TOPICS = [aTopic('a'), aTopic('b')];

const selecting = (topicPatterns: readonly string[], severity?: string): Selection => ({
  topicPatterns,
  keyPatterns: [],
  filter: severity === undefined ? undefined : { op: 'eq', attribute: 'severity', value: severity },
});

const aSubscription = (options: Partial<NewSubscription> = {}): NewSubscription => ({
  ...selecting(['a']),
  subscriptionId: 's',
  subscriberService: 'desk',
  type: 'exclusive',
  deliveryGuarantee: 'at_least_once',
  slowPolicy: 'block',
  ...options,
});

describe('the administration of durable subscriptions', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let fanOut: FanOut;
  let subscriptions: InMemorySubscriptionStore;
  let cursors: InMemoryCursorStore;
  let live: LiveReaders;
  let errors: unknown[];
  /** Of this process, and of another one, which knows of this one's readers only by the stores. */
  let admin: SubscriptionAdmin;
  let elsewhere: SubscriptionAdmin;
  let health: SubscriptionHealthCheck;
  let outlet: RecordingOutlet;
  let session: StreamSession;
  let ids = 0;
  let published: Record<string, number>;
  /** What this process knows of the catalog, and what a look at it finds. */
  let known: readonly TopicDefinition[];
  let catalog: readonly TopicDefinition[];

  beforeEach(async () => {
    published = {};
    errors = [];
    known = catalog = TOPICS;
    log = new InMemoryLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics });
    for (const { name } of TOPICS) await log.createTopic(name, 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics(TOPICS);
    cursors = new InMemoryCursorStore({ clock });
    subscriptions = new InMemorySubscriptionStore(cursors);
    live = new LiveReaders({ subscriptions, clock, onError: (error) => errors.push(error) });
    live.start();
    const idSource = { uuid: () => `id-${++ids}`, random: () => 0.5 };
    const places = new SelectionPlaces({ log, topics: { list: () => known } });
    const refreshCatalog = async () => void (known = await Promise.resolve(catalog));
    const common = { subscriptions, cursors, places, refreshCatalog, clock, ids: idSource };
    admin = new SubscriptionAdmin({ ...common, live });
    elsewhere = new SubscriptionAdmin({
      ...common,
      live: new LiveReaders({ subscriptions, clock, onError: () => undefined }),
    });
    health = new SubscriptionHealthCheck({ cursors, log, places, live, clock });
    outlet = new RecordingOutlet();
    session = new StreamSession(
      {
        fanOut,
        log,
        subscriptions,
        cursors,
        competing: aCompetingProcess({ log, cursors, clock }),
        live,
        clock,
        ids: idSource,
        catalogVersion: () => 1,
        lookAtCatalog: () => Promise.resolve(),
        limits: DEFAULT_STREAM_SESSION_LIMITS,
      },
      ADMIN,
      outlet,
      lineEncoder,
    );
  });
  afterEach(async () => {
    live.stop();
    await finish(session.close());
    await fanOut.stop();
    await log.close();
  });

  const settled = async (ms = 2) => {
    await settle(clock, 6);
    clock.advance(ms);
    await settle(clock, 6);
  };
  async function finish<Result>(promise: Promise<Result>): Promise<Result> {
    let isDone = false;
    const watched = promise.finally(() => {
      isDone = true;
    });
    watched.catch(() => undefined);
    for (let round = 0; round < 50 && !isDone; round++) await settled();
    return watched;
  }
  /** Numbers begin at 1 in each topic. */
  async function publish(topic: string, count: number, severity = 'HIGH'): Promise<void> {
    const records = Array.from({ length: count }, () => {
      const n = (published[topic] = (published[topic] ?? 0) + 1);
      return anEvent({ eventId: `${topic}${n}`, attributes: { severity }, value: { n } });
    });
    await log.append([{ topic, partition: 0, records }]);
    await settled();
  }
  const receive = (
    selection: Selection = selecting(['a']),
    type: 'exclusive' | 'failover' = 'exclusive',
    credit: number | undefined = undefined,
  ) =>
    finish(
      session.subscribe({
        id: 'mine',
        selection,
        start: undefined,
        slowPolicy: 'block',
        maxRate: undefined,
        credit,
        durable: { name: 's', type, deliveryGuarantee: 'at_least_once', subscriberService: 'desk' },
      }),
    );
  const create = (options: Partial<NewSubscription> = {}) =>
    admin.create(ADMIN, aSubscription(options), { at: 'latest' });
  const lastSubscribed = () => outlet.of('subscribed').at(-1) as { generation: number; feed: number };
  const ackAll = () => {
    const told = live.find('s')?.report()?.told ?? [];
    session.ack({ id: 'mine', generation: lastSubscribed().generation, positions: told });
  };

  it('fixes the positions when it creates', async () => {
    await publish('a', 2);
    const { positions } = await create();
    expect(positions).toEqual([{ topic: 'a', partition: 0, epoch: positions[0].epoch, position: positionOfOffset(1) }]);
    await publish('a', 3);
    await receive();
    await settled();
    expect(outlet.numbers).toEqual([3, 4, 5]);
  });

  describe('in a topic that another process has just made', () => {
    beforeEach(async () => {
      known = [TOPICS[0]];
      await publish('b', 2);
    });
    const inB = async () =>
      (await cursors.load('s')).flatMap(({ topic, position }) => (topic === 'b' ? [position] : []));

    it('fixes the positions when it creates', async () => {
      await create(selecting(['b']));
      expect(await inB()).toEqual([positionOfOffset(1)]);
    });

    it('fixes the positions when it selects that topic, too', async () => {
      await create(selecting(['a']));
      known = [TOPICS[0]];
      await admin.change(ADMIN, 's', () => selecting(['a', 'b']));
      expect(await inB()).toEqual([positionOfOffset(1)]);
    });

    it('moves to the place that is asked for', async () => {
      await create(selecting(['b']));
      known = [TOPICS[0]];
      await admin.seek(ADMIN, 's', { at: 'earliest' });
      expect(await inB()).toEqual(['']);
    });
  });

  it('places at the first event, at a time and at a cursor', async () => {
    await publish('a', 2);
    clock.advance(10_000);
    const micros = clock.nowMicros();
    await publish('a', 2);
    const at = async (start: Parameters<SubscriptionAdmin['create']>[2], name: string) => {
      const { positions } = await admin.create(ADMIN, aSubscription({ subscriptionId: name }), start);
      return positions.map(({ position }) => position);
    };
    const [{ lane }] = await log.ends('a');
    const cursorOf = (position: string, epoch = lane.epoch, catalogVersion = 1) => ({
      at: 'cursor' as const,
      cursor: { catalogVersion, positions: [{ topic: 'a', partition: 0, epoch, position }] },
    });
    expect(await at({ at: 'earliest' }, '1')).toEqual(['']);
    expect(await at({ at: 'time', micros }, '2')).toEqual([positionOfOffset(1)]);
    expect(await at(cursorOf(positionOfOffset(2)), '3')).toEqual([positionOfOffset(2)]);
    expect(await at(cursorOf(positionOfOffset(2), 'another'), '4')).toEqual(['']);
    expect(await at({ at: 'cursor', cursor: { catalogVersion: 0, positions: [] } }, '5')).toEqual(['']);
    expect(await at({ at: 'cursor', cursor: { catalogVersion: 1, positions: [] } }, '6')).toEqual([
      positionOfOffset(3),
    ]);
    await expect(at(cursorOf(positionOfOffset(9)), '7')).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(at({ at: 'snapshot' }, '8')).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('leaves nothing behind of one whose positions cannot be stored', async () => {
    cursors.place = () => Promise.reject(new Error('down'));
    await expect(create()).rejects.toThrow('down');
    expect(await subscriptions.list()).toEqual([]);
  });

  it('is for those who may, and within their tenant', async () => {
    await create();
    await expect(admin.get(GUEST, 's')).rejects.toMatchObject({ code: 'auth.forbidden' });
    await expect(admin.pause(GUEST, 's')).rejects.toMatchObject({ code: 'auth.forbidden' });
    await expect(admin.get(STRANGER, 's')).rejects.toMatchObject({ code: 'subscription.not_found' });
    expect(await admin.list(STRANGER)).toEqual([]);
    expect(await admin.list(ADMIN, { subscriberService: 'desk', type: 'exclusive', status: 'active' })).toHaveLength(1);
    expect(await admin.list(ADMIN, { status: 'paused' })).toEqual([]);
    const tooLong = aSubscription({ subscriptionId: 'x'.repeat(101) });
    await expect(admin.create(ADMIN, tooLong, { at: 'latest' })).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('refuses a change of what is not any more as it was seen', async () => {
    const { subscription } = await create();
    const seen = [subscriptionVersion(subscription)];
    await admin.change(ADMIN, 's', () => ({ subscriberService: 'other' }), seen);
    const change = admin.change(ADMIN, 's', () => ({ subscriberService: 'third' }), seen);
    await expect(change).rejects.toMatchObject({ code: 'precondition.failed' });
    await expect(admin.pause(ADMIN, 's', seen)).rejects.toMatchObject({ code: 'precondition.failed' });
    await expect(admin.resume(ADMIN, 's', seen)).rejects.toMatchObject({ code: 'precondition.failed' });
    await expect(admin.delete(ADMIN, 's', seen)).rejects.toMatchObject({ code: 'precondition.failed' });
    await expect(admin.change(ADMIN, 's', () => ({ slowPolicy: 'conflate' }))).rejects.toMatchObject({
      code: 'request.invalid',
    });
  });

  describe.each([
    ['by this process', () => admin, 0],
    ['by another process', () => elsewhere, 4_000],
  ])('of one that is read, changed %s', (_who, by, ms) => {
    it('moves the reader to the new selection where it stands', async () => {
      await create();
      await receive();
      await publish('a', 2);
      await publish('b', 2);
      const { generation, feed } = lastSubscribed();
      await finish(by().change(ADMIN, 's', () => selecting(['a', 'b'], 'LOW')));
      await settled(ms);
      expect(lastSubscribed()).toMatchObject({ generation });
      expect(lastSubscribed().feed).not.toBe(feed);
      await publish('a', 1, 'HIGH');
      await publish('a', 1, 'LOW');
      await publish('b', 1, 'LOW');
      await settled();
      expect(outlet.numbers).toEqual([1, 2, 4, 3]);
      ackAll();
      await settled(200);
      expect((await cursors.load('s')).map(({ topic, position }) => [topic, position])).toEqual([
        ['a', positionOfOffset(3)],
        ['b', positionOfOffset(2)],
      ]);
    });

    it('forgets the lanes that are not selected any more', async () => {
      await create(selecting(['a', 'b']));
      await receive(selecting(['a', 'b']));
      await publish('b', 1);
      await finish(by().change(ADMIN, 's', () => selecting(['a'])));
      await settled(ms);
      await publish('b', 1);
      await publish('a', 1);
      expect(outlet.numbers).toEqual([1, 1]);
      ackAll();
      await settled(200);
      expect(outlet.of('error')).toEqual([]);
    });

    it('takes the reader back where it is moved to, in a new generation', async () => {
      await create();
      await receive();
      await publish('a', 2);
      ackAll();
      await settled(200);
      const { generation } = lastSubscribed();
      await finish(by().seek(ADMIN, 's', { at: 'earliest' }));
      await settled(ms);
      await settled();
      expect(lastSubscribed().generation).toBeGreaterThan(generation);
      expect(outlet.numbers).toEqual([1, 2, 1, 2]);
      expect(outlet.of('error')).toEqual([]);
    });

    it.each([
      ['pause', 'subscription.paused'],
      ['delete', 'subscription.not_found'],
    ] as const)('ends the reader by %s', async (act, code) => {
      await create();
      await receive();
      await finish(
        by()
          [act](ADMIN, 's')
          .then(() => undefined),
      );
      await settled(ms);
      expect(outlet.of('error')).toMatchObject([{ id: 'mine', code }]);
      await publish('a', 1);
      expect(outlet.numbers).toEqual([]);
      expect(session.subscriptionCount).toBe(0);
      expect(live.list()).toEqual([]);
    });
  });

  it('keeps what a reader is granted while it moves to the new selection', async () => {
    await create();
    await receive(selecting(['a']), 'exclusive', 1);
    await publish('a', 1);
    const load = cursors.load.bind(cursors);
    cursors.load = (subscriptionId) => {
      session.credit('mine', 2);
      cursors.load = load;
      return load(subscriptionId);
    };
    await finish(admin.change(ADMIN, 's', () => selecting(['a', 'b'])));
    await publish('b', 3);
    await settled();
    expect(outlet.numbers).toEqual([1, 1, 2]);
  });

  it('takes a reader back with the credit that was left', async () => {
    await create();
    await receive(selecting(['a']), 'exclusive', 3);
    await publish('a', 2);
    await finish(admin.seek(ADMIN, 's', { at: 'earliest' }));
    await settled();
    expect(outlet.numbers).toEqual([1, 2, 1]);
    session.credit('mine', 1);
    await settled();
    expect(outlet.numbers).toEqual([1, 2, 1, 2]);
  });

  it('keeps what a reader is granted while it is taken back', async () => {
    await create();
    await receive(selecting(['a']), 'exclusive', 2);
    await publish('a', 2);
    const loadWithAbove = cursors.loadWithAbove.bind(cursors);
    cursors.loadWithAbove = (subscriptionId) => {
      session.credit('mine', 1);
      return loadWithAbove(subscriptionId);
    };
    await finish(admin.seek(ADMIN, 's', { at: 'earliest' }));
    await settled();
    expect(outlet.numbers).toEqual([1, 2, 1]);
  });

  // The acknowledgement was stored, and refused, while the seek was under way: the reader was ended instead of moved.
  it('moves a reader whose acknowledgement is about to be stored', async () => {
    await create();
    await receive();
    await publish('a', 2);
    ackAll();
    const { standing } = cursors;
    cursors.standing = async (id) => {
      await settle(clock, 2);
      clock.advance(200);
      await settle(clock, 2);
      return standing.call(cursors, id);
    };
    await finish(admin.seek(ADMIN, 's', { at: 'earliest' }));
    await settled();
    await settled();
    expect(outlet.of('error')).toEqual([]);
    expect(outlet.numbers).toEqual([1, 2, 1, 2]);
  });

  it('gives up for whoever has taken it over', async () => {
    await create();
    await receive();
    const other = await cursors.acquire('s', 'other', 60_000, { force: true });
    expect(other).not.toBe('taken');
    await settled(4_000);
    expect(outlet.of('error')).toMatchObject([{ id: 'mine', code: 'generation.stale', retryable: false }]);
  });

  it('tells the reader of a change again if the store did not answer', async () => {
    await create();
    await receive();
    const { find } = subscriptions;
    await elsewhere.change(ADMIN, 's', () => selecting(['b']));
    subscriptions.find = () => Promise.reject(new Error('down'));
    await settled(1_000);
    expect(errors).toHaveLength(1);
    subscriptions.find = find.bind(subscriptions);
    await settled(1_000);
    await publish('b', 1);
    expect(outlet.numbers).toEqual([1]);
  });

  it('acknowledges through the reader, or by the store if that is elsewhere', async () => {
    await create();
    await receive();
    await publish('a', 3);
    const { generation } = lastSubscribed();
    const { epoch } = (await cursors.load('s'))[0];
    const at = (offset: number) => [{ topic: 'a', partition: 0, epoch, position: positionOfOffset(offset) }];
    await expect(admin.ack(ADMIN, 's', generation - 1, at(0))).rejects.toMatchObject({ code: 'generation.stale' });
    await expect(admin.ack(ADMIN, 's', generation, at(9))).rejects.toMatchObject({ code: 'request.invalid' });
    await admin.ack(ADMIN, 's', generation, at(0));
    await settled(200);
    expect((await cursors.load('s'))[0].position).toBe(positionOfOffset(0));
    await elsewhere.ack(ADMIN, 's', generation, at(1));
    expect((await cursors.load('s'))[0].position).toBe(positionOfOffset(1));
    await expect(elsewhere.ack(ADMIN, 's', generation - 1, at(1))).rejects.toMatchObject({ code: 'generation.stale' });
  });

  describe('of which an acknowledgement reached another process', () => {
    const at = async (offset: number) => {
      const [{ lane }] = await log.ends('a');
      return [{ topic: 'a', partition: 0, epoch: lane.epoch, position: positionOfOffset(offset) }];
    };
    const passAckTimeout = async () => {
      for (let second = 0; second < 33; second++) await settled(1_000);
    };

    beforeEach(async () => {
      await create();
      await receive();
      await publish('a', 3);
    });

    it('is sent nothing again of what that acknowledged, and the rest', async () => {
      const { generation } = lastSubscribed();
      await elsewhere.ack(ADMIN, 's', generation, await at(2));
      await passAckTimeout();
      expect(outlet.numbers).toEqual([1, 2, 3]);
      await publish('a', 2);
      await elsewhere.ack(ADMIN, 's', generation, await at(3));
      await passAckTimeout();
      await passAckTimeout();
      expect(outlet.numbers.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 5]);
    });

    it('takes that for no more than what it was sent', async () => {
      const { generation } = lastSubscribed();
      await elsewhere.ack(ADMIN, 's', generation, await at(9));
      await passAckTimeout();
      await publish('a', 1);
      session.nack({ id: 'mine', generation, positions: [] });
      await settled(1_000);
      expect(outlet.numbers).toEqual([1, 2, 3, 4, 4]);
    });

    it('waits for the store to say so before anything is sent again', async () => {
      await elsewhere.ack(ADMIN, 's', lastSubscribed().generation, await at(2));
      const { load } = cursors;
      cursors.load = () => Promise.reject(new Error('down'));
      await passAckTimeout();
      cursors.load = load.bind(cursors);
      await passAckTimeout();
      expect(outlet.numbers).toEqual([1, 2, 3]);
    });
  });

  it('moves shared ones only while nobody receives them', async () => {
    await create({ type: 'shared' });
    await expect(admin.ack(ADMIN, 's', 1, [])).rejects.toMatchObject({ code: 'request.invalid' });
    const ownership = await cursors.acquire('s', 'other', 60_000);
    if (ownership === 'taken') throw new Error('taken');
    await expect(admin.seek(ADMIN, 's', { at: 'earliest' })).rejects.toMatchObject({ code: 'subscription.taken' });
    await expect(admin.change(ADMIN, 's', () => selecting(['b']))).rejects.toMatchObject({
      code: 'subscription.taken',
    });
    await cursors.release(ownership);
    await admin.seek(ADMIN, 's', { at: 'earliest' });
  });

  describe('the health of one', () => {
    const look = async () => health.of((await admin.get(ADMIN, 's')).subscription);

    it('counts what is selected and waits, and says how old it is', async () => {
      await create(selecting(['a'], 'LOW'));
      await publish('a', 2, 'HIGH');
      expect(await look()).toMatchObject({ lagEvents: 0, lagMs: 0, isOwned: false, generation: 0, problems: [] });
      await publish('a', 3, 'LOW');
      const took = clock.nowMicros();
      clock.advance(70_000);
      const found = await look();
      expect(found).toMatchObject({ lagEvents: 3, isLagExact: true, reader: undefined });
      expect(found.lagMs).toBeGreaterThanOrEqual(70_000);
      expect(found.problems).toMatchObject([{ kind: 'lag' }]);
      expect(found.problems[0].sinceMicros).toBeLessThanOrEqual(took);
      await admin.pause(ADMIN, 's');
      expect((await look()).problems).toEqual([]);
    });

    it('says that a reader acknowledges nothing, is slow, or is sent the same again and again', async () => {
      await create();
      await receive();
      await publish('a', 3);
      expect(await look()).toMatchObject({ isOwned: true, reader: { sentEvents: 3, redeliveries: 0 }, problems: [] });
      for (let time = 0; time < 70; time++) await settled(1_000);
      expect((await look()).problems.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['lag', 'no_ack']));
      ackAll();
      await settled(200);
      expect(await look()).toMatchObject({ lagMs: 0, lagEvents: 0, problems: [] });
      const reader = live.find('s') as LiveReader;
      const report = reader.report() as ReaderReport;
      live.add({
        subscriptionId: 's',
        refresh: () => reader.refresh(),
        ack: () => undefined,
        report: () => ({ ...report, isSlow: true, redeliveries: 5, sentEvents: 50 }),
      });
      expect((await look()).problems.map(({ kind }) => kind)).toEqual(['slow', 'redelivery']);
    });
  });
});
