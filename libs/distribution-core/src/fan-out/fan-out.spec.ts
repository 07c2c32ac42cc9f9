import type { Attributes } from '../event.js';
import type { Filter } from '../matching/filter.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { ConflationKey, TopicDefinition } from '../ports/topic-catalog.port.js';
import { BEFORE_FIRST, type Position } from '../position.js';
import type { SlowPolicy } from '../subscription/subscription.js';
import { anEvent, BusyClock, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';
import type { FanOutLimits } from './fan-out-limits.js';
import type { Member } from './member.js';

const ALERTS = 'monitoring/alerts';

function aTopic(name: string, conflationKey: ConflationKey = 'none', partitions = 1): TopicDefinition {
  return {
    name,
    tenant: 'default',
    brokerName: name,
    dataType: 'ALERTS',
    partitions,
    retentionPolicy: '7d',
    enabled: true,
    origin: 'ingested',
    priority: 5,
    conflationKey,
    catalogVersion: 1,
    createdAtMicros: 0,
  };
}

interface Wanted {
  readonly patterns?: readonly string[];
  readonly filter?: Filter;
  readonly policy?: SlowPolicy;
  readonly credit?: number;
  readonly maxRate?: number;
  readonly after?: Position;
  readonly snapshot?: boolean;
  readonly outlet?: RecordingOutlet;
}

class World {
  readonly log: InMemoryLog;
  readonly fanOut: FanOut;
  private published = 0;

  /** Another process on the same log, where everything that this one knew is unknown. */
  async restarted(...topics: TopicDefinition[]): Promise<World> {
    await this.fanOut.stop();
    const world = new World({}, this.clock, this.log);
    await world.fanOut.setTopics(topics);
    return world;
  }

  constructor(
    limits: Partial<FanOutLimits> = {},
    readonly clock = new FakeClock(),
    log?: InMemoryLog,
  ) {
    this.log = log ?? new InMemoryLog({ clock });
    this.fanOut = new FanOut({ log: this.log, clock: this.clock, metrics: noMetrics, limits });
  }

  async withTopics(...topics: TopicDefinition[]): Promise<this> {
    for (const topic of topics) await this.log.createTopic(topic.brokerName, topic.partitions, { ms: 0, bytes: 0 });
    await this.fanOut.setTopics(topics);
    return this;
  }

  /** Events `{ n }` with n = 1, 2, … in order of publication. */
  async publish(
    count: number,
    options: { topic?: string; attributes?: Attributes; key?: string; partition?: number; bytes?: number } = {},
  ): Promise<void> {
    const records = Array.from({ length: count }, () => {
      const n = ++this.published;
      const routingKey = options.key ?? `service.${n}`;
      return anEvent({
        eventId: `event-${n}`,
        routingKey,
        attributes: options.attributes,
        value: { event_id: `event-${n}`, n, ...(options.bytes !== undefined && { of: 'x'.repeat(options.bytes) }) },
      });
    });
    await this.log.append([{ topic: options.topic ?? ALERTS, partition: options.partition ?? 0, records }]);
    await this.settle();
  }

  async subscribe(wanted: Wanted = {}): Promise<{ outlet: RecordingOutlet; member: Member }> {
    const outlet = wanted.outlet ?? new RecordingOutlet();
    const attached = this.fanOut.attach({
      subscriptionId: 's',
      selection: { topicPatterns: wanted.patterns ?? ['monitoring/#'], keyPatterns: [], filter: wanted.filter },
      encoder: lineEncoder,
      outlet,
      policy: wanted.policy ?? 'block',
      credit: wanted.credit ?? Number.POSITIVE_INFINITY,
      maxRate: wanted.maxRate ?? Number.POSITIVE_INFINITY,
      snapshot: wanted.snapshot ?? false,
      startOf: async () => wanted.after ?? 'live',
      onAttached: (_member, positions) => outlet.send({ type: 'subscribed', payload: { positions } }),
    });
    attached.catch(() => undefined);
    await this.settle();
    const member = await attached;
    outlet.onRoom = () => this.fanOut.serve(member);
    await this.settle();
    return { outlet, member };
  }

  async settle(ms = 2): Promise<void> {
    await settle(this.clock, 4);
    this.clock.advance(ms);
    await settle(this.clock, 4);
  }
}

/** Its first data takes this process a while to write. */
class SlowlyWritten extends RecordingOutlet {
  constructor(
    private readonly clock: BusyClock,
    private readonly tookMs: number,
  ) {
    super();
  }

  override write(bytes: Buffer, mark: number): void {
    super.write(bytes, mark);
    if (this.numbers.length === 1) this.clock.workedMs = this.tookMs;
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('fan-out', () => {
  let world: World;
  const start = async (limits: Partial<FanOutLimits> = {}, ...topics: TopicDefinition[]) => {
    world = await new World(limits).withTopics(...(topics.length > 0 ? topics : [aTopic(ALERTS)]));
    return world;
  };
  afterEach(async () => {
    await world.fanOut.stop();
    await world.log.close();
  });

  it('delivers what comes after the subscription, in order and chained', async () => {
    await start();
    await world.publish(3);
    const { outlet } = await world.subscribe();
    await world.publish(2);
    await world.publish(1);
    expect(outlet.numbers).toEqual([4, 5, 6]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('writes the same buffer to every member of a feed', async () => {
    await start();
    const outlets = [1, 2, 3, 4].map(() => new RecordingOutlet());
    for (const outlet of outlets) await world.subscribe({ outlet });
    await world.publish(1);
    // One buffer for all, and the same one with a mark for those whose turn it is.
    const buffers = new Set(outlets.map((outlet) => outlet.writes.at(-1)));
    expect(buffers.size).toBeLessThanOrEqual(2);
    expect(world.fanOut.feedStatistics()).toHaveLength(1);
  });

  it('delivers only what the filter selects, and tells the position of the rest now and then', async () => {
    await start({ positionEveryMs: 100 });
    const { outlet } = await world.subscribe({ filter: { op: 'eq', attribute: 'severity', value: 'CRITICAL' } });
    await world.publish(1, { attributes: { severity: 'CRITICAL' } });
    await world.publish(2, { attributes: { severity: 'INFO' } });
    await world.settle(150);
    await world.publish(1, { attributes: { severity: 'CRITICAL' } });
    expect(outlet.numbers).toEqual([1, 4]);
    expect(outlet.of('position').length).toBeGreaterThan(0);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('tells positions no later than it should, whether events come or not', async () => {
    await start({ positionEveryMs: 400 });
    const critical: Filter = { op: 'eq', attribute: 'severity', value: 'CRITICAL' };
    const { outlet, member } = await world.subscribe({ filter: critical });
    for (let nth = 0; nth < 40; nth++) {
      await world.publish(1, { attributes: { severity: nth % 7 === 0 ? 'CRITICAL' : 'INFO' } });
      const end = world.fanOut.laneStates()[0].segments.end;
      await world.settle(nth % 3 === 0 ? 300 : 90);
      await world.settle(110);
      const told = member.positions()[0].position;
      if (nth % 3 === 0) expect(told >= end).toBe(true);
    }
    expect(outlet.of('position').length).toBeGreaterThan(5);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('tells no position past events that wait for the pause between two rounds to end', async () => {
    const clock = new BusyClock();
    world = await new World({ positionEveryMs: 400 }, clock).withTopics(aTopic(ALERTS));
    const outlet = new SlowlyWritten(clock, 4_000);
    await world.subscribe({ outlet });
    await world.publish(1);
    // Half of what the first round took is the pause in which the second event waits, and in which a position falls due.
    await world.publish(1);
    for (let ms = 0; ms < 1_000; ms += 50) await world.settle(50);
    expect(outlet.of('position')).toEqual([]);
    expect(outlet.numbers).toEqual([1]);
    await world.settle(2_000);
    expect(outlet.numbers).toEqual([1, 2]);
  });

  it('serves a reader of few that was stuck from the segments, and one of many from what was written to the others', async () => {
    await start();
    for (const others of [0, 6]) {
      const slow = new RecordingOutlet();
      slow.setLimit(500);
      const filter: Filter = { op: 'exists', attribute: `like${others}` };
      for (let nth = 0; nth < others; nth++) await world.subscribe({ filter });
      await world.subscribe({ outlet: slow, filter });
      slow.confirms = false;
      const before = slow.numbers.length;
      for (let nth = 0; nth < 50; nth++) await world.publish(2, { attributes: { [`like${others}`]: true } });
      expect(slow.numbers.length - before).toBeLessThan(20);
      slow.confirms = true;
      slow.confirm();
      await world.settle(200);
      expect(slow.numbers).toHaveLength(100);
      expect(slow.chainBreaks()).toEqual([]);
    }
  });

  it('resumes after a position with exactly what came since, then live', async () => {
    await start();
    const { outlet: first } = await world.subscribe();
    await world.publish(2);
    const after = first.of('data').at(-1)?.pos as Position;
    await world.publish(3);
    const { outlet } = await world.subscribe({ after });
    await world.publish(1);
    expect(outlet.numbers).toEqual([3, 4, 5, 6]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('serves from the broker what is not in memory any more, to all who wait', async () => {
    await start({ segmentBytes: 4096, rewindMs: 0 });
    await world.publish(1);
    for (let index = 0; index < 30; index++) await world.publish(10);
    const outlets = await Promise.all(
      [1, 2, 3].map(async () => (await world.subscribe({ after: BEFORE_FIRST })).outlet),
    );
    await world.settle(100);
    await world.publish(1);
    for (const outlet of outlets) {
      expect(outlet.numbers).toEqual(range(1, 302));
      expect(outlet.chainBreaks()).toEqual([]);
    }
  });

  it('blocks a reader that does not confirm, and gives it all when it does', async () => {
    await start();
    const slow = new RecordingOutlet();
    slow.setLimit(500);
    const { outlet: fast } = await world.subscribe();
    await world.subscribe({ outlet: slow });
    slow.confirms = false;
    for (let index = 0; index < 50; index++) await world.publish(2);
    expect(slow.numbers.length).toBeLessThan(20);
    expect(fast.numbers).toEqual(range(1, 100));
    slow.confirms = true;
    slow.confirm();
    await world.settle(100);
    await world.publish(1);
    expect(slow.numbers).toEqual(range(1, 101));
    expect(slow.chainBreaks()).toEqual([]);
  });

  it('closes a blocked reader that makes no progress in time', async () => {
    await start({ blockTimeoutMs: 1000 });
    const slow = new RecordingOutlet();
    slow.setLimit(200);
    slow.confirms = false;
    await world.subscribe({ outlet: slow });
    for (let index = 0; index < 10; index++) await world.publish(2);
    await world.settle(2000);
    expect(slow.closedFor).toBe('too_slow');
  });

  it('disconnects a slow reader whose policy says so', async () => {
    await start();
    const slow = new RecordingOutlet();
    slow.setLimit(200);
    slow.confirms = false;
    await world.subscribe({ outlet: slow, policy: 'disconnect' });
    for (let index = 0; index < 10; index++) await world.publish(2);
    expect(slow.closedFor).toBe('too_slow');
  });

  const slowUnder = async (policy: SlowPolicy, publish: () => Promise<void>, filter?: Filter) => {
    const slow = new RecordingOutlet();
    slow.setLimit(300);
    slow.confirms = false;
    await world.subscribe({ outlet: slow, policy, filter });
    await publish();
    slow.confirms = true;
    slow.confirm();
    await world.settle(100);
    return slow;
  };

  it('skips to live with an exact gap', async () => {
    await start();
    const slow = await slowUnder('skip-to-live', async () => {
      for (let index = 0; index < 20; index++) await world.publish(1);
    });
    const before = slow.numbers.length;
    const [gap] = slow.of('gap');
    expect(gap).toMatchObject({ reason: 'policy', count: 20 - before, count_exact: true });
    await world.publish(1);
    expect(slow.numbers).toEqual([...range(1, before), 21]);
    expect(slow.chainBreaks()).toEqual([]);
  });

  it('drops the oldest, announces how many, and delivers the newest', async () => {
    await start({ dropOldestKeeps: 5 });
    const slow = await slowUnder('drop-oldest', async () => {
      for (let index = 0; index < 20; index++) await world.publish(1);
    });
    await world.publish(1);
    const count = slow.of('gap')[0].count as number;
    const before = 20 - 5 - count;
    expect(slow.numbers).toEqual([...range(1, before), ...range(16, 21)]);
    expect(slow.chainBreaks()).toEqual([]);
  });

  it('conflates by key: the newest of each, how many they stand for, and which left the selection', async () => {
    await start({}, aTopic(ALERTS, 'routing_key'));
    const filter: Filter = { op: 'eq', attribute: 'severity', value: 'CRITICAL' };
    const critical = { attributes: { severity: 'CRITICAL' } };
    const slow = await slowUnder(
      'conflate',
      async () => {
        for (let index = 0; index < 20; index++) await world.publish(1, { ...critical, key: `k.${index % 4}` });
        await world.publish(1, { key: 'k.3', attributes: { severity: 'INFO' } });
      },
      filter,
    );
    const conflated = slow.of('data').find((payload) => payload.merged !== undefined);
    expect(conflated?.events?.map((event) => event.n)).toEqual([17, 18, 19]);
    expect(conflated?.left).toEqual(['k.3']);
    expect(slow.numbers.length - 3 + (conflated?.merged as number)).toBe(20);
    expect(slow.chainBreaks()).toEqual([]);
  });

  it('never merges events of a topic without a conflation key', async () => {
    await start();
    const slow = await slowUnder('conflate', async () => {
      for (let index = 0; index < 20; index++) await world.publish(1);
    });
    expect(slow.numbers).toEqual(range(1, 20));
  });

  describe('conflates what comes event by event while it may send no more', () => {
    const QUOTES = 'monitoring/quotes';
    const quotes = async (count: number) => {
      for (let index = 0; index < count; index++) await world.publish(1, { topic: QUOTES, key: 'k' });
    };

    it('because of the rate, to the newest at the next turn', async () => {
      await start({}, aTopic(QUOTES, 'routing_key'), aTopic(ALERTS));
      const { outlet } = await world.subscribe({ policy: 'conflate', maxRate: 2 });
      await world.publish(3);
      await quotes(50);
      expect(outlet.numbers).toEqual([1, 2]);
      await world.settle(1_000);
      expect(outlet.numbers).toEqual([1, 2, 3, 53]);
      await quotes(50);
      await world.settle(500);
      expect(outlet.numbers).toEqual([1, 2, 3, 53, 103]);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it('because of the rate, also on the way to where it left off', async () => {
      await start({}, aTopic(QUOTES, 'routing_key'));
      await world.fanOut.pin([QUOTES]);
      await quotes(50);
      const { outlet } = await world.subscribe({ policy: 'conflate', maxRate: 2, after: BEFORE_FIRST });
      await quotes(50);
      await world.settle(1_000);
      expect(outlet.numbers).toEqual([1, 2, 100]);
    });

    it('for want of credit, all keys at once, which is counted', async () => {
      await start({}, aTopic(QUOTES, 'routing_key'));
      const { outlet, member } = await world.subscribe({ policy: 'conflate', credit: 1 });
      for (let index = 0; index < 20; index++) await world.publish(1, { topic: QUOTES, key: `k.${index % 4}` });
      expect(outlet.numbers).toEqual([1]);
      member.grantCredit(1);
      world.fanOut.serve(member);
      expect(outlet.numbers).toEqual([1, 17, 18, 19, 20]);
      await world.publish(1, { topic: QUOTES, key: 'k.1' });
      member.grantCredit(3);
      world.fanOut.serve(member);
      expect(outlet.numbers).toEqual([1, 17, 18, 19, 20]);
      member.grantCredit(1);
      world.fanOut.serve(member);
      expect(outlet.numbers).toEqual([1, 17, 18, 19, 20, 21]);
    });
  });

  describe('leaves out what there is too much of, again and again', () => {
    const KEEPS = 5;
    /** How many events it was sent or told to be left out, and up to which it has come. */
    const told = (outlet: RecordingOutlet) => {
      const gaps = outlet.of('gap');
      for (const gap of gaps) expect(gap).toMatchObject({ reason: 'policy', count_exact: true });
      const dropped = gaps.reduce((sum, gap) => sum + (gap.count as number), 0);
      return { all: outlet.numbers.length + dropped, newest: outlet.numbers.at(-1) as number, gaps: gaps.length };
    };
    const seconds = async (count: number, perSecond: number) => {
      for (let round = 0; round < count * 10; round++) {
        await world.publish(perSecond / 10);
        await world.settle(98);
      }
    };

    it.each<SlowPolicy>(['drop-oldest', 'skip-to-live'])(
      'under a rate below that of the stream: %s',
      async (policy) => {
        await start({ dropOldestKeeps: KEEPS });
        const { outlet } = await world.subscribe({ policy, maxRate: 2 });
        let published = 0;
        for (let turn = 0; turn < 5; turn++) {
          await seconds(4, 20);
          published += 80;
          // What it keeps, and what comes until its turn.
          expect(told(outlet).newest).toBeGreaterThanOrEqual(published - KEEPS - 14);
        }
        // Twenty seconds, and the one that may be saved up.
        expect(outlet.numbers.length).toBeGreaterThanOrEqual(36);
        expect(outlet.numbers.length).toBeLessThanOrEqual(42);
        expect(told(outlet).gaps).toBeLessThanOrEqual(outlet.numbers.length);
        for (let round = 0; round < 100; round++) await world.settle(100);
        expect(told(outlet).all).toBe(published);
        await world.publish(1);
        expect(outlet.numbers.at(-1)).toBe(published + 1);
        expect(outlet.chainBreaks()).toEqual([]);
      },
    );

    it.each<SlowPolicy>(['drop-oldest', 'skip-to-live'])('for want of credit: %s', async (policy) => {
      await start({ dropOldestKeeps: KEEPS });
      const { outlet, member } = await world.subscribe({ policy, credit: 1 });
      for (let turn = 1; turn <= 10; turn++) {
        await world.publish(20);
        member.grantCredit(2);
        world.fanOut.serve(member);
        await world.publish(1);
        expect(told(outlet).newest).toBeGreaterThanOrEqual(turn * 21 - KEEPS - 1);
      }
      member.grantCredit(100);
      world.fanOut.serve(member);
      await world.settle(100);
      expect(told(outlet).all).toBe(210);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it('because it reads slowly', async () => {
      await start({ dropOldestKeeps: KEEPS });
      const outlet = new RecordingOutlet();
      outlet.setLimit(300);
      outlet.confirms = false;
      await world.subscribe({ outlet, policy: 'drop-oldest' });
      for (let turn = 1; turn <= 20; turn++) {
        // Two fit into a frame, and a frame is all that it reads at a time.
        for (let index = 0; index < 20; index++) await world.publish(1, { bytes: 60_000 });
        outlet.confirm();
        await world.settle(100);
        expect(told(outlet).newest).toBeGreaterThanOrEqual(turn * 20 - KEEPS);
      }
      outlet.confirms = true;
      outlet.confirm();
      await world.settle(100);
      expect(told(outlet).all).toBe(400);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it.each<SlowPolicy>(['drop-oldest', 'skip-to-live'])('also on the way to where it left off: %s', async (policy) => {
      await start({ dropOldestKeeps: KEEPS });
      await world.fanOut.pin([ALERTS]);
      await world.publish(50);
      const { outlet } = await world.subscribe({ policy, maxRate: 2, after: BEFORE_FIRST });
      await seconds(4, 20);
      expect(told(outlet).newest).toBeGreaterThanOrEqual(130 - KEEPS - 12);
      for (let round = 0; round < 100; round++) await world.settle(100);
      expect(told(outlet).all).toBe(130);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it.each<SlowPolicy>(['drop-oldest', 'skip-to-live'])('also from further back than memory: %s', async (policy) => {
      await start({ dropOldestKeeps: KEEPS, segmentBytes: 1, rewindMs: 0 });
      await world.fanOut.pin([ALERTS]);
      for (let index = 0; index < 30; index++) await world.publish(10);
      const { outlet } = await world.subscribe({ policy, maxRate: 2, after: BEFORE_FIRST });
      await seconds(8, 20);
      expect(outlet.numbers.slice(0, 2)).toEqual([1, 2]);
      expect(outlet.numbers.at(-1)).toBeGreaterThanOrEqual(460 - KEEPS - 12);
      // Of the first, which nobody has looked through, nobody knows how many they are.
      expect(outlet.of('gap').map((gap) => gap.count_exact === true)).toEqual([
        false,
        ...outlet
          .of('gap')
          .slice(1)
          .map(() => true),
      ]);
      expect(outlet.chainBreaks()).toEqual([]);
    });

    it('but nothing of what lies further back than memory while nothing comes', async () => {
      await start({ dropOldestKeeps: KEEPS, segmentBytes: 1, rewindMs: 0 });
      await world.fanOut.pin([ALERTS]);
      for (let index = 0; index < 30; index++) await world.publish(10);
      const { outlet } = await world.subscribe({ policy: 'drop-oldest', maxRate: 100, after: BEFORE_FIRST });
      for (let round = 0; round < 50; round++) await world.settle(100);
      expect(outlet.of('gap')).toEqual([]);
    });

    it('but not of what it only takes a while to be granted, on the way to where it left off', async () => {
      await start({ dropOldestKeeps: KEEPS });
      await world.fanOut.pin([ALERTS]);
      await world.publish(50);
      const { outlet, member } = await world.subscribe({ policy: 'drop-oldest', credit: 2, after: BEFORE_FIRST });
      for (let turn = 0; turn < 24; turn++) {
        member.grantCredit(2);
        world.fanOut.serve(member);
        await world.settle(100);
      }
      expect(outlet.numbers).toEqual(range(1, 50));
    });
  });

  it('sends no more than the credit, and goes on where it stood', async () => {
    await start();
    const { outlet, member } = await world.subscribe({ credit: 3 });
    await world.publish(5);
    await world.publish(5);
    expect(outlet.numbers).toEqual([1, 2, 3]);
    member.grantCredit(4);
    world.fanOut.serve(member);
    await world.settle();
    expect(outlet.numbers).toEqual(range(1, 7));
    member.grantCredit(100);
    world.fanOut.serve(member);
    await world.settle();
    await world.publish(1);
    expect(outlet.numbers).toEqual(range(1, 11));
    expect(outlet.chainBreaks()).toEqual([]);
  });

  // A mark after every flush of a catch-up made clients on `ws` give up: they answer at most 60 at a time.
  it('asks a reader that catches up for few confirmations', async () => {
    await start();
    const { outlet, member } = await world.subscribe({ credit: 1 });
    for (let index = 0; index < 100; index++) await world.publish(1);
    const before = outlet.marks;
    member.grantCredit(1000);
    world.fanOut.serve(member);
    await world.settle();
    expect(outlet.numbers).toEqual(range(1, 100));
    expect(outlet.marks - before).toBeLessThan(5);
  });

  it('keeps what it wrote only from where a reader fell behind, and only until that reader has caught up', async () => {
    await start();
    for (let index = 0; index < 5; index++) await world.subscribe();
    const { outlet, member } = await world.subscribe();
    const { feed } = member;
    const isKept = (sequence: number) => feed.kept.at(sequence) !== undefined;
    await world.publish(1);
    expect(isKept(feed.sequence)).toBe(false);
    outlet.confirms = false;
    outlet.setLimit(1);
    await world.publish(1);
    const taken = feed.sequence;
    await world.publish(1);
    await world.publish(1);
    expect([taken, taken + 1, taken + 2].map(isKept)).toEqual([false, true, true]);
    outlet.setLimit(1024 * 1024);
    outlet.confirms = true;
    outlet.confirm();
    await world.publish(1);
    await world.publish(1);
    expect(isKept(feed.sequence)).toBe(false);
    expect(outlet.numbers).toEqual(range(1, 6));
    expect(outlet.chainBreaks()).toEqual([]);
  });

  // A mark alone made it fall behind at the flush before, which it had been told, and which its feed kept.
  it('sends nothing twice to a reader that is marked before it may be sent anything', async () => {
    await start({}, aTopic(ALERTS, 'routing_key'));
    await world.fanOut.pin([ALERTS]);
    await world.publish(102);
    for (let index = 0; index < 10; index++) await world.subscribe();
    // Marks go around all readers within half a second after the last data. It is allowed something again after some 300 ms: in
    // one of these rounds that is when its turn comes.
    for (let pauseMs = 0; pauseMs < 200; pauseMs += 10) {
      await world.publish(1, { key: 'service.1' });
      await world.publish(1, { key: 'service.1' });
      await world.settle(pauseMs);
      await world.publish(1, { key: 'service.1' });
      const { outlet, member } = await world.subscribe({ snapshot: true, maxRate: 80 });
      await world.settle(500);
      expect(outlet.of('data')).toEqual([]);
      world.fanOut.detach(member);
    }
  });

  it('keeps to the rate that a subscription asked for', async () => {
    await start();
    const { outlet } = await world.subscribe({ maxRate: 10 });
    await world.publish(50);
    expect(outlet.numbers.length).toBe(10);
    for (let index = 0; index < 10; index++) await world.settle(100);
    expect(outlet.numbers.length).toBeGreaterThanOrEqual(18);
    expect(outlet.numbers.length).toBeLessThanOrEqual(22);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  // Nothing was ever sent: less than one event was all that could be saved up.
  it('keeps to a rate of less than one event a second, too', async () => {
    await start();
    const { outlet } = await world.subscribe({ maxRate: 0.5 });
    await world.publish(10);
    expect(outlet.numbers).toEqual([1]);
    for (let index = 0; index < 50; index++) await world.settle(100);
    expect(outlet.numbers).toEqual([1, 2, 3]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('keeps to the rate with what it conflates, and leaves nothing unaccounted for', async () => {
    await start({}, aTopic(ALERTS, 'routing_key'));
    const { outlet } = await world.subscribe({ policy: 'conflate', maxRate: 10 });
    for (let index = 0; index < 100; index++) {
      await world.publish(2, { key: `k.${index % 2}` });
      await world.settle(18);
    }
    // Two seconds, the second that may be saved up, and one frame of two keys that goes into debt.
    expect(outlet.numbers.length).toBeLessThanOrEqual(32);
    for (let index = 0; index < 10; index++) await world.settle(100);
    expect(outlet.numbers.slice(-2)).toEqual([198, 200]);
    const accounted = outlet
      .of('data')
      .map(({ merged, events = [] }) => (merged as number | undefined) ?? events.length);
    expect(accounted.reduce((sum, each) => sum + each, 0)).toBe(200);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('gives the latest value of each key, then what comes after it', async () => {
    await start({}, aTopic(ALERTS, 'routing_key'));
    await world.fanOut.pin([ALERTS]);
    for (let index = 0; index < 9; index++) await world.publish(1, { key: `k.${index % 3}` });
    const { outlet } = await world.subscribe({ snapshot: true });
    await world.publish(1, { key: 'k.0' });
    const snapshot = outlet.of('snapshot');
    expect(snapshot.at(-1)?.last).toBe(true);
    expect(
      snapshot
        .flatMap((part) => part.events ?? [])
        .map((event) => event.n)
        .sort(),
    ).toEqual([7, 8, 9]);
    expect(outlet.numbers).toEqual([10]);
    expect(outlet.of('data')[0].prev).toBe(snapshot.at(-1)?.pos);
  });

  it('says of one part alone that the snapshot ends with it, over all lanes and however many parts they need', async () => {
    await start({}, aTopic(ALERTS, 'routing_key', 2));
    await world.fanOut.pin([ALERTS]);
    await world.publish(1_001, { partition: 0 });
    await world.publish(1, { partition: 1 });
    const { outlet } = await world.subscribe({ snapshot: true });
    const parts = outlet.of('snapshot');
    expect(parts.map(({ last, last_of_all }) => [last, last_of_all])).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
  });

  it('gives keys in a snapshot that were published long before it was started, once it has read them', async () => {
    const topic = aTopic(ALERTS, 'routing_key');
    await start({}, topic);
    await world.publish(1, { key: 'k.old' });
    await world.publish(1, { key: 'k.both' });
    await world.settle(600_000);
    await world.publish(1, { key: 'k.both' });
    const restarted = await world.restarted(topic);
    const { outlet } = await restarted.subscribe({ snapshot: true });
    expect(
      outlet
        .of('snapshot')
        .flatMap((part) => part.events ?? [])
        .map((event) => event.n),
    ).toEqual([1, 3]);
    await restarted.fanOut.stop();
  });

  it('announces what a snapshot lacks because there are more keys than it keeps', async () => {
    await start({ lastValueKeysPerLane: 2 }, aTopic(ALERTS, 'routing_key'));
    await world.fanOut.pin([ALERTS]);
    for (let index = 0; index < 3; index++) await world.publish(1, { key: `k.${index}` });
    const { outlet } = await world.subscribe({ snapshot: true });
    expect(outlet.of('gap').map(({ reason, from }) => [reason, from])).toEqual([['policy', '']]);
    expect(
      outlet
        .of('snapshot')
        .flatMap((part) => part.events ?? [])
        .map((event) => event.n),
    ).toEqual([2, 3]);
  });

  it('adds a new topic to the feeds that select it, from its first event', async () => {
    await start();
    const { outlet } = await world.subscribe();
    const added = { ...aTopic('monitoring/slo'), catalogVersion: 2 };
    await world.log.createTopic(added.brokerName, 1, { ms: 0, bytes: 0 });
    await world.log.append([
      { topic: added.brokerName, partition: 0, records: [anEvent({ eventId: 'x', value: { n: 100 } })] },
    ]);
    const done = world.fanOut.setTopics([aTopic(ALERTS), added]);
    await world.settle();
    await done;
    await world.settle();
    await world.publish(1, { topic: 'monitoring/slo' });
    await world.settle(100);
    expect(outlet.numbers).toEqual([100, 1]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('drops the later copy of an event, on the live path and on the catch-up', async () => {
    await start();
    const { outlet } = await world.subscribe();
    const copy = anEvent({ eventId: 'same', value: { event_id: 'same', n: 7 } });
    await world.log.append([{ topic: ALERTS, partition: 0, records: [copy, copy] }]);
    await world.log.append([{ topic: ALERTS, partition: 0, records: [copy] }]);
    await world.settle();
    const { outlet: late } = await world.subscribe({ after: BEFORE_FIRST });
    expect(outlet.numbers).toEqual([7]);
    expect(late.numbers).toEqual([7]);
  });

  it('refuses a subscription that no topic matches', async () => {
    await start();
    await expect(world.subscribe({ patterns: ['nothing/here'] })).rejects.toMatchObject({ code: 'topic.not_found' });
  });

  it('forgets a feed when its last member leaves, and its lane after a while', async () => {
    await start({ lingerMs: 1000 });
    const { member } = await world.subscribe();
    world.fanOut.detach(member);
    expect(world.fanOut.feedStatistics()).toEqual([]);
    expect(world.fanOut.laneStates()).toHaveLength(1);
    await world.settle(1500);
    expect(world.fanOut.laneStates()).toHaveLength(0);
  });
});
