import { LOCAL_PRINCIPAL } from '../access/local-principal.js';
import { DistributionError } from '../errors/distribution-error.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { LanePosition } from '../position.js';
import {
  aCompetingProcess,
  aTopic,
  events,
  FakeClock,
  InMemoryCursorStore,
  InMemoryLog,
  InMemorySubscriptionStore,
  lineEncoder,
  RecordingOutlet,
  settle,
} from '../testing/index.js';
import { FanOut } from '../fan-out/fan-out.js';
import type { CompetingSubscriptions } from './competing/competing-subscriptions.js';
import type { SubscribeCommand } from './stream-commands.js';
import { StreamSession } from './stream-session.js';
import { DEFAULT_STREAM_SESSION_LIMITS } from './stream-session-dependencies.js';

const TOPIC = 'monitoring/alerts';

const aCommand = (options: Partial<SubscribeCommand> = {}): SubscribeCommand => ({
  id: 's1',
  selection: { topicPatterns: [TOPIC], keyPatterns: [], filter: undefined },
  start: undefined,
  slowPolicy: 'block',
  maxRate: undefined,
  credit: undefined,
  ...options,
});

const durable = (type: 'exclusive' | 'failover' | 'shared' = 'exclusive') =>
  aCommand({ durable: { name: 'billing', type, deliveryGuarantee: 'at_least_once', subscriberService: 'billing' } });

describe('a stream session', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let fanOut: FanOut;
  let subscriptions: InMemorySubscriptionStore;
  let cursors: InMemoryCursorStore;
  let competing: CompetingSubscriptions;
  let published = 0;
  let ids = 0;
  let lookAtCatalog: () => Promise<void>;

  beforeEach(async () => {
    published = 0;
    lookAtCatalog = () => Promise.resolve();
    log = new InMemoryLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics });
    await log.createTopic(TOPIC, 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic(TOPIC)]);
    subscriptions = new InMemorySubscriptionStore();
    cursors = new InMemoryCursorStore({ clock });
    competing = aCompetingProcess({ log, cursors, clock });
  });
  afterEach(async () => {
    await fanOut.stop();
    await log.close();
  });

  const settled = async (ms = 2) => {
    await settle(clock, 6);
    clock.advance(ms);
    await settle(clock, 6);
  };

  const open = () => {
    const outlet = new RecordingOutlet();
    const session = new StreamSession(
      {
        fanOut,
        log,
        subscriptions,
        cursors,
        competing,
        clock,
        ids: { uuid: () => `owner-${++ids}`, random: () => 0.5 },
        catalogVersion: () => 1,
        lookAtCatalog,
        limits: { ...DEFAULT_STREAM_SESSION_LIMITS, maxSubscriptions: 3 },
      },
      LOCAL_PRINCIPAL,
      outlet,
      lineEncoder,
    );
    return { outlet, session };
  };

  /** Drives the clock while the promise is pending. */
  const finish = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const watched = promise.finally(() => {
      isDone = true;
    });
    watched.catch(() => undefined);
    for (let round = 0; round < 50 && !isDone; round++) await settled();
    return watched;
  };

  const publish = async (count: number) => {
    const records = events(count, `batch-${published}`).map((record, index) => ({
      ...record,
      value: Buffer.from(JSON.stringify({ n: published + index + 1 })),
    }));
    published += count;
    await log.append([{ topic: TOPIC, partition: 0, records }]);
    await settled();
  };

  const lastPosition = (outlet: RecordingOutlet): LanePosition[] => {
    const { pos, epoch } = outlet.of('data').at(-1) as unknown as { pos: string; epoch: string };
    return [{ topic: TOPIC, partition: 0, epoch, position: pos }];
  };

  it('tells where it starts before it sends anything', async () => {
    const { outlet, session } = open();
    await finish(session.subscribe(aCommand()));
    await publish(2);
    expect(outlet.messages[0].type).toBe('subscribed');
    expect(outlet.of('subscribed')[0]).toMatchObject({ id: 's1', recovered: 'none', catalog_version: 1 });
    expect(outlet.numbers).toEqual([1, 2]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it.each([
    ['earliest', { at: 'earliest' } as const, [1, 2, 3]],
    ['a time', { at: 'time', micros: clock.nowMicros() - 1_000_000_000 } as const, [1, 2, 3]],
    ['latest', { at: 'latest' } as const, []],
  ])('starts at %s', async (_name, start, expected) => {
    await publish(3);
    const { outlet, session } = open();
    await finish(session.subscribe(aCommand({ start })));
    await settled();
    expect(outlet.numbers).toEqual(expected);
  });

  it('resumes from a cursor in full', async () => {
    const { outlet, session } = open();
    await finish(session.subscribe(aCommand()));
    await publish(2);
    const cursor = { catalogVersion: 1, positions: lastPosition(outlet) };
    await publish(2);
    const again = open();
    await finish(again.session.subscribe(aCommand({ start: { at: 'cursor', cursor } })));
    await settled();
    expect(again.outlet.of('subscribed')[0].recovered).toBe('full');
    expect(again.outlet.numbers).toEqual([3, 4]);
  });

  it('announces a lane that began anew since the cursor', async () => {
    await publish(2);
    const cursor = { catalogVersion: 1, positions: [{ topic: TOPIC, partition: 0, epoch: 'older', position: '11' }] };
    const { outlet, session } = open();
    await finish(session.subscribe(aCommand({ start: { at: 'cursor', cursor } })));
    await settled();
    expect(outlet.of('subscribed')[0].recovered).toBe('none');
    expect(outlet.of('gap')[0]).toMatchObject({ reason: 'epoch' });
    expect(outlet.numbers).toEqual([1, 2]);
  });

  it('announces what retention has taken of a lane that began anew', async () => {
    await publish(2);
    await log.setRetention(TOPIC, { ms: 1, bytes: 0 });
    clock.advance(1_000);
    await log.ends(TOPIC);
    await log.setRetention(TOPIC, { ms: 0, bytes: 0 });
    await publish(1);
    const cursor = { catalogVersion: 1, positions: [{ topic: TOPIC, partition: 0, epoch: 'older', position: '11' }] };
    const { outlet, session } = open();
    await finish(session.subscribe(aCommand({ start: { at: 'cursor', cursor } })));
    await settled();
    expect(outlet.of('gap').map(({ reason, from }) => [reason, from])).toEqual([
      ['epoch', ''],
      ['expired', ''],
    ]);
    expect(outlet.numbers).toEqual([3]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  describe('with a cursor of a lane that is not there', () => {
    const OTHER = `${TOPIC}/gone`;
    const both = { topicPatterns: [TOPIC, OTHER], keyPatterns: [], filter: undefined };
    const known = { topic: OTHER, partition: 0, epoch: 'theirs', position: '15' };
    const start = { at: 'cursor', cursor: { catalogVersion: 1, positions: [known] } } as const;

    it('says that nothing more comes of it, and goes on with the others', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(aCommand({ selection: both, start })));
      await publish(1);
      expect(outlet.messages.slice(0, 2).map(({ type }) => type)).toEqual(['subscribed', 'gap']);
      expect(outlet.of('subscribed')[0].recovered).toBe('none');
      const ended = { lane: `${OTHER}#0`, epoch: 'theirs', from: '15', to: '15', reason: 'deleted' };
      expect(outlet.of('gap')).toMatchObject([ended]);
      expect(outlet.numbers).toEqual([1]);
    });

    it('says nothing of what is not selected', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(aCommand({ start })));
      expect(outlet.of('subscribed')[0].recovered).toBe('full');
      expect(outlet.of('gap')).toEqual([]);
    });

    // Another process made the topic a moment ago, and the client comes from there.
    it('looks at the catalog before it says so', async () => {
      const { lane } = await log
        .createTopic(OTHER, 1, { ms: 0, bytes: 0 })
        .then(async () => (await log.ends(OTHER))[0]);
      lookAtCatalog = () => fanOut.setTopics([aTopic(TOPIC), aTopic(OTHER)]);
      const positions = [{ ...known, epoch: lane.epoch, position: '' }];
      const { outlet, session } = open();
      await finish(
        session.subscribe(
          aCommand({ selection: both, start: { at: 'cursor', cursor: { catalogVersion: 1, positions } } }),
        ),
      );
      expect(outlet.of('subscribed')[0]).toMatchObject({ recovered: 'full' });
      expect(outlet.of('subscribed')[0].positions).toHaveLength(2);
      expect(outlet.of('gap')).toEqual([]);
    });

    it('is not begun while nobody can say what there is', async () => {
      lookAtCatalog = () => Promise.reject(new DistributionError('store.unavailable', 'the database is away'));
      const { session } = open();
      const refused = session.subscribe(aCommand({ selection: both, start }));
      await expect(finish(refused)).rejects.toMatchObject({ code: 'store.unavailable' });
    });

    it('says it of a durable subscription until its client acknowledges what came after', async () => {
      await fanOut.setTopics([aTopic(TOPIC), aTopic(OTHER)]);
      await log.createTopic(OTHER, 1, { ms: 0, bytes: 0 });
      const command = { ...durable(), selection: both };
      const first = open();
      await finish(first.session.subscribe(command));
      await finish(first.session.close());
      const gapsOfNext = async (isAcknowledging: boolean) => {
        const { outlet, session } = open();
        await finish(session.subscribe(command));
        await publish(1);
        const generation = outlet.of('subscribed')[0].generation as number;
        if (isAcknowledging) session.ack({ id: 's1', generation, positions: lastPosition(outlet) });
        await finish(session.close());
        return outlet.of('gap').map(({ reason }) => reason);
      };
      await fanOut.setTopics([aTopic(TOPIC)]);
      expect(await gapsOfNext(false)).toEqual(['deleted']);
      expect(await gapsOfNext(true)).toEqual(['deleted']);
      expect(await gapsOfNext(false)).toEqual([]);
    });
  });

  it.each([undefined, 'exclusive', 'shared'] as const)(
    'looks at the catalog before it says that there is no such topic (%s)',
    async (type) => {
      const OTHER = `${TOPIC}/new`;
      await log.createTopic(OTHER, 1, { ms: 0, bytes: 0 });
      const command = {
        ...(type === undefined ? aCommand() : durable(type)),
        selection: { topicPatterns: [`${TOPIC}/+`], keyPatterns: [], filter: undefined },
      };
      await expect(finish(open().session.subscribe(command))).rejects.toMatchObject({ code: 'topic.not_found' });
      lookAtCatalog = async () => {
        await fanOut.setTopics([aTopic(TOPIC), aTopic(OTHER)]);
        await competing.setTopics([aTopic(TOPIC), aTopic(OTHER)]);
      };
      const { outlet, session } = open();
      await finish(session.subscribe(command));
      expect(outlet.of('subscribed')).toHaveLength(1);
      await finish(session.close());
    },
  );

  it('ends a subscription when asked, and tells of one that is not there', async () => {
    const { outlet, session } = open();
    await finish(session.subscribe(aCommand()));
    await finish(session.unsubscribe('s1'));
    await publish(1);
    expect(outlet.of('unsubscribed')).toEqual([{ id: 's1' }]);
    expect(outlet.numbers).toEqual([]);
    await expect(session.unsubscribe('s1')).rejects.toMatchObject({ code: 'subscription.not_found' });
    expect(() => session.credit('s1', 1)).toThrow('no subscription s1');
  });

  it('keeps two equal subscriptions of one session apart', async () => {
    const { outlet, session } = open();
    await publish(1);
    await finish(session.subscribe(aCommand()));
    await finish(session.subscribe(aCommand({ id: 's2', start: { at: 'earliest' } })));
    await publish(1);
    const [first, second] = outlet.of('subscribed').map(({ feed }) => feed);
    expect(first).not.toBe(second);
    const numbersOf = (feed: unknown) =>
      outlet
        .of('data')
        .filter((data) => data.feed === feed)
        .flatMap((data) => data.events ?? [])
        .map(({ n }) => n);
    expect(numbersOf(first)).toEqual([2]);
    expect(numbersOf(second)).toEqual([1, 2]);
  });

  it('grants credit', async () => {
    const { outlet, session } = open();
    await finish(session.subscribe(aCommand({ credit: 1 })));
    await publish(3);
    session.credit('s1', 1);
    await settled();
    expect(outlet.numbers).toEqual([1, 2]);
  });

  it('refuses an id twice, too many subscriptions, and lossy policies with at-least-once', async () => {
    const { session } = open();
    await finish(session.subscribe(aCommand()));
    await expect(session.subscribe(aCommand())).rejects.toMatchObject({ code: 'subscription.exists' });
    await finish(session.subscribe(aCommand({ id: 's2' })));
    await expect(session.subscribe({ ...durable(), id: 's3', slowPolicy: 'conflate' })).rejects.toMatchObject({
      code: 'request.invalid',
    });
    await finish(session.subscribe(aCommand({ id: 's3' })));
    await expect(session.subscribe(aCommand({ id: 's4' }))).rejects.toMatchObject({ code: 'quota.exceeded' });
    await session.close();
    await expect(session.subscribe(aCommand())).rejects.toMatchObject({ code: 'draining' });
  });

  describe('with a durable subscription', () => {
    it('goes on after what was acknowledged, on another connection', async () => {
      const first = open();
      await finish(first.session.subscribe(durable()));
      await publish(2);
      first.session.ack({ id: 's1', generation: 1, positions: lastPosition(first.outlet) });
      await publish(2);
      await finish(first.session.close());
      const second = open();
      await finish(second.session.subscribe(durable()));
      await settled();
      expect(second.outlet.of('subscribed')[0]).toMatchObject({ generation: 2, recovered: 'full' });
      expect(second.outlet.numbers).toEqual([3, 4]);
    });

    it('misses nothing that came before the first acknowledgement', async () => {
      const first = open();
      await finish(first.session.subscribe(durable()));
      await finish(first.session.close());
      await publish(3);
      const second = open();
      await finish(second.session.subscribe(durable()));
      await settled();
      expect(second.outlet.numbers).toEqual([1, 2, 3]);
    });

    it('is received by one session at a time', async () => {
      await finish(open().session.subscribe(durable()));
      await expect(finish(open().session.subscribe(durable()))).rejects.toMatchObject({ code: 'subscription.taken' });
    });

    it('is handed over to one that waits when it is failover', async () => {
      const first = open();
      await finish(first.session.subscribe(durable('failover')));
      const second = open();
      const waiting = second.session.subscribe(durable('failover'));
      await settled();
      expect(second.outlet.of('status')[0]).toMatchObject({ state: 'recovering' });
      await finish(first.session.close());
      clock.advance(600);
      await finish(waiting);
      await publish(1);
      expect(second.outlet.numbers).toEqual([1]);
    });

    it('does not deliver while it is paused, and goes on where it stood once it is resumed', async () => {
      const first = open();
      await finish(first.session.subscribe(durable()));
      await finish(first.session.close());
      await subscriptions.change('billing', { status: 'paused' });
      await publish(2);
      const second = open();
      const refused = finish(second.session.subscribe(durable()));
      await expect(refused).rejects.toMatchObject({ code: 'subscription.paused', retryable: false });
      await subscriptions.change('billing', { status: 'active' });
      await finish(second.session.subscribe(durable()));
      await settled();
      expect(second.outlet.numbers).toEqual([1, 2]);
    });

    it.each([
      ['paused', 'subscription.paused', () => subscriptions.change('billing', { status: 'paused' })],
      ['deleted', 'subscription.not_found', () => subscriptions.delete('billing')],
    ] as const)('is not handed over to one that waits if it was %s meanwhile', async (_what, code, happen) => {
      const first = open();
      await finish(first.session.subscribe(durable('failover')));
      const waiting = open().session.subscribe(durable('failover'));
      const refusal = expect(waiting).rejects.toMatchObject({ code });
      await settled();
      await happen();
      await finish(first.session.close());
      clock.advance(600);
      await finish(refusal);
    });

    it('refuses acknowledgements of an older generation, of what was not sent, and of other lanes', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(durable()));
      await publish(1);
      const positions = lastPosition(outlet);
      expect(() => session.ack({ id: 's1', generation: 9, positions })).toThrow('generation 9');
      expect(() => session.ack({ id: 's1', generation: 1, positions: [{ ...positions[0], position: 'zz' }] })).toThrow(
        'beyond what was sent',
      );
      expect(() => session.ack({ id: 's1', generation: 1, positions: [{ ...positions[0], partition: 7 }] })).toThrow(
        'must name a lane',
      );
    });

    it('sends again what comes after a negative acknowledgement', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(durable()));
      await publish(1);
      const positions = lastPosition(outlet);
      await publish(2);
      session.nack({ id: 's1', generation: 1, positions });
      await settled();
      expect(outlet.numbers).toEqual([1, 2, 3]);
      await settled(110);
      expect(outlet.numbers).toEqual([1, 2, 3, 2, 3]);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it('sends again what was not acknowledged in time', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(durable()));
      await publish(2);
      for (let round = 0; round < 40; round++) await settled(1000);
      expect(outlet.numbers.slice(0, 4)).toEqual([1, 2, 1, 2]);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it('ends when another owner took it', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(durable()));
      await cursors.acquire('billing', 'somebody', 60_000, { force: true });
      for (let round = 0; round < 8; round++) await settled(1000);
      await publish(1);
      expect(outlet.of('error')[0]).toMatchObject({ code: 'generation.stale' });
      expect(outlet.numbers).toEqual([]);
      expect(session.subscriptionCount).toBe(0);
    });

    it('stops sending when it cannot be renewed, and goes on when it can', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(durable()));
      const renew = cursors.renew.bind(cursors);
      cursors.renew = () => Promise.reject(new Error('the database is down'));
      for (let round = 0; round < 14; round++) await settled(1000);
      await publish(1);
      expect(outlet.of('status').at(-1)).toMatchObject({ state: 'recovering' });
      expect(outlet.numbers).toEqual([]);
      cursors.renew = async (ownership) => (await renew(ownership), 'renewed');
      for (let round = 0; round < 6; round++) await settled(1000);
      expect(outlet.numbers).toEqual([1]);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it('stops sending before its term ends when nothing answers its renewal, and goes on with the answer', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(durable()));
      const renew = cursors.renew.bind(cursors);
      let answer: () => void = () => undefined;
      cursors.renew = async (ownership) => {
        await new Promise<void>((resolve) => (answer = resolve));
        return renew(ownership);
      };
      for (let round = 0; round < 7; round++) await settled(1000);
      await publish(1);
      expect(outlet.of('status').at(-1)).toMatchObject({ state: 'recovering' });
      expect(outlet.numbers).toEqual([]);
      answer();
      await settled();
      expect(outlet.of('status').at(-1)).toMatchObject({ state: 'live' });
      expect(outlet.numbers).toEqual([1]);
      await finish(session.close());
    });

    it('does not go on by an answer that came when the term may have ended again', async () => {
      const { outlet, session } = open();
      await finish(session.subscribe(durable()));
      const renew = cursors.renew.bind(cursors);
      cursors.renew = async (ownership) => {
        const answer = await renew(ownership);
        await new Promise<void>((resolve) => clock.after(8_000, resolve));
        return answer;
      };
      for (let round = 0; round < 12; round++) await settled(1000);
      await publish(1);
      expect(outlet.of('status').at(-1)).toMatchObject({ state: 'recovering' });
      expect(outlet.numbers).toEqual([]);
      await finish(session.close());
    });

    it('sends nothing before its term is renewed when it took most of it to begin', async () => {
      const { outlet, session } = open();
      const loadWithAbove = cursors.loadWithAbove.bind(cursors);
      cursors.loadWithAbove = (subscriptionId) => {
        clock.advance(7_000);
        return loadWithAbove(subscriptionId);
      };
      await finish(session.subscribe(durable()));
      await publish(1);
      expect(outlet.numbers).toEqual([]);
      for (let round = 0; round < 6; round++) await settled(1000);
      expect(outlet.numbers).toEqual([1]);
      expect(outlet.chainBreaks()).toEqual([]);
      await finish(session.close());
    });

    it('belongs to one selection', async () => {
      const first = open();
      await finish(first.session.subscribe(durable()));
      await finish(first.session.close());
      const other = {
        ...durable(),
        selection: { topicPatterns: ['monitoring/#'], keyPatterns: [], filter: undefined },
      };
      await expect(finish(open().session.subscribe(other))).rejects.toMatchObject({ code: 'subscription.exists' });
    });
  });
});
