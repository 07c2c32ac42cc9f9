import { getEventListeners } from 'node:events';
import { DistributionError } from '../errors/distribution-error.js';
import type { EventBatch } from '../event-batch.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { LaneEnds, TailStart } from '../ports/log.port.js';
import { BEFORE_FIRST, type LanePosition, type Position, positionOfOffset } from '../position.js';
import { aTopic, events, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';
import type { FanOutLimits } from './fan-out-limits.js';
import type { LaneState } from './lane-state.js';

/** Its answers wait for whoever asks it to let them go. */
class HesitantLog extends InMemoryLog {
  hesitates = false;
  isTailLate = false;
  isTailOvertaken = false;
  /** Whose ends nobody is told at once. */
  lateTopic: string | undefined;
  readonly held: (() => void)[] = [];
  /** Where reading began, each time. */
  readonly readAfter: Position[] = [];
  signal: AbortSignal | undefined;

  override async read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    this.readAfter.push(start.after);
    const batches = await super.read(start, maxBytes);
    if (this.hesitates) await this.wait();
    return batches;
  }

  override async ends(topic: string): Promise<readonly LaneEnds[]> {
    const ends = await super.ends(topic);
    if (topic === this.lateTopic) await this.wait();
    return ends;
  }

  override async *tail(start: TailStart, options: { readonly signal: AbortSignal }): AsyncGenerator<EventBatch> {
    this.signal = options.signal;
    if (this.isTailOvertaken) {
      this.isTailOvertaken = false;
      throw new DistributionError('position.lost', 'retention was here');
    }
    for await (const batch of super.tail(start, options)) {
      if (this.isTailLate) await this.wait();
      yield batch;
    }
  }

  private wait(): Promise<void> {
    return new Promise((resolve) => this.held.push(resolve));
  }
}

/** What the simulation of tools/integrity found: each of them lost or repeated events without a word. */
describe('readers that something overtakes', () => {
  const clock = new FakeClock();
  let log: HesitantLog;
  let fanOut: FanOut;

  const begin = async (limits: Partial<FanOutLimits> = {}) => {
    log = new HesitantLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics, limits: { rewindMs: 0, ...limits } });
    await log.createTopic('t', 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic('t')]);
  };
  afterEach(async () => {
    log.hesitates = false;
    for (const letGo of log.held.splice(0)) letGo();
    await fanOut.stop();
    await log.close();
  });

  const settled = async (ms = 60) => {
    await settle(clock, 4);
    clock.advance(ms);
    await settle(clock, 4);
  };
  const publish = async (from: number, count: number, topic = 't') => {
    const records = events(count, `${topic}-${from}`).map((record, index) => ({
      ...record,
      value: Buffer.from(JSON.stringify({ n: from + index })),
    }));
    await log.append([{ topic, partition: 0, records }]);
  };
  const attach = async (
    start: Position | 'live' | ((state: LaneState) => Promise<Position | 'live'>),
    pattern = 't',
    outlet = new RecordingOutlet(),
  ) => {
    const attached = fanOut.attach({
      subscriptionId: 's',
      selection: { topicPatterns: [pattern], keyPatterns: [], filter: undefined },
      encoder: lineEncoder,
      outlet,
      policy: 'block',
      credit: Number.POSITIVE_INFINITY,
      maxRate: Number.POSITIVE_INFINITY,
      snapshot: false,
      startOf: (state) => (typeof start === 'function' ? start(state) : Promise.resolve(start)),
      onAttached: (_member, positions: readonly LanePosition[]) =>
        outlet.send({ type: 'subscribed', payload: { positions } }),
    });
    attached.catch(() => undefined);
    await settled();
    return { outlet, attached };
  };

  it.each([0, 1, 2, 3])('misses nothing that comes while a sweep waits for its read number %i', async (reads) => {
    await begin({ segmentBytes: 1 });
    for (let n = 1; n <= 6; n++) {
      await publish(n, 1);
      clock.advance(10);
    }
    log.hesitates = true;
    const first = await attach(positionOfOffset(3));
    for (let read = 0; read < reads; read++) {
      log.held.shift()?.();
      await settled(0);
    }
    // It stands further back than what the sweep is about to be given.
    const second = await attach(BEFORE_FIRST);
    log.hesitates = false;
    for (const letGo of log.held.splice(0)) letGo();
    for (let round = 0; round < 10; round++) await settled();
    expect(first.outlet.numbers).toEqual([5, 6]);
    expect(second.outlet.numbers).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...first.outlet.chainBreaks(), ...second.outlet.chainBreaks()]).toEqual([]);
  });

  it('knows copies of events that came before its place in the same append', async () => {
    await begin({ segmentBytes: 1 });
    await publish(1, 6);
    await publish(1, 6);
    await publish(7, 1);
    const { outlet } = await attach(positionOfOffset(3));
    for (let round = 0; round < 6; round++) await settled();
    expect(outlet.numbers).toEqual([5, 6, 7]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('begin where they stand, not one dedupe window earlier, where the tail has read what follows', async () => {
    await begin({ segmentBytes: 1 });
    await attach('live');
    await publish(1, 3);
    await publish(4, 3);
    await publish(4, 3);
    await publish(7, 1);
    await settled();
    const { outlet } = await attach(positionOfOffset(2));
    for (let round = 0; round < 6; round++) await settled();
    expect(outlet.numbers).toEqual([4, 5, 6, 7]);
    expect(log.readAfter.filter((after) => after < positionOfOffset(2))).toEqual([]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('look for copies where the tail has not come to yet when it has', async () => {
    await begin({ segmentBytes: 1 });
    await attach('live');
    await publish(1, 2);
    await settled();
    log.isTailLate = true;
    await publish(3, 1);
    await publish(1, 2);
    await settled();
    const { outlet } = await attach(positionOfOffset(0));
    for (let round = 0; round < 4; round++) await settled();
    expect(outlet.numbers).toEqual([2]);
    log.isTailLate = false;
    for (const letGo of log.held.splice(0)) letGo();
    await settled();
    // From what was read for the first one.
    const second = await attach(positionOfOffset(0));
    for (let round = 0; round < 6; round++) await settled();
    expect([outlet.numbers, second.outlet.numbers]).toEqual([
      [2, 3],
      [2, 3],
    ]);
    expect([...outlet.chainBreaks(), ...second.outlet.chainBreaks()]).toEqual([]);
  });

  it('are sent no copies that the tail forgets while they read', async () => {
    await begin({ segmentBytes: 1 });
    await attach('live');
    await publish(1, 1);
    const [copy] = events(1, 't-1');
    const sendAgain = (count: number) =>
      log.append([{ topic: 't', partition: 0, records: Array.from({ length: count }, () => copy) }]);
    await sendAgain(4_000);
    await settled();
    log.hesitates = true;
    const { outlet } = await attach(positionOfOffset(0));
    await sendAgain(200);
    await settled();
    log.hesitates = false;
    for (const letGo of log.held.splice(0)) letGo();
    await publish(2, 1);
    for (let round = 0; round < 10; round++) await settled();
    expect(outlet.numbers).toEqual([2]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('miss nothing when retention overtakes what the tail reads for its ids alone', async () => {
    await begin({ segmentBytes: 1 });
    for (let n = 1; n <= 4; n++) {
      await publish(n, 1);
      clock.advance(10);
    }
    log.isTailOvertaken = true;
    const { outlet } = await attach(positionOfOffset(1));
    for (let round = 0; round < 6; round++) await settled();
    expect(log.isTailOvertaken).toBe(false);
    expect(outlet.numbers).toEqual([3, 4]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  /** Behind others of its feed, which keeps its flushes for it. */
  const attachSlow = async (pattern: string) => {
    const outlet = new RecordingOutlet();
    outlet.setLimit(1);
    const { attached } = await attach('live', pattern, outlet);
    await attach('live', pattern);
    const member = await attached;
    outlet.onRoom = () => fanOut.serve(member);
    outlet.confirms = false;
    for (const n of [1, 2, 3]) {
      await publish(n, 1);
      await settled();
    }
    return outlet;
  };

  it('is sent what a new topic had before the slow reader heard of it', async () => {
    await begin({ rewindMs: 30_000 });
    const outlet = await attachSlow('#');
    await log.createTopic('u', 1, { ms: 0, bytes: 0 });
    await publish(4, 2, 'u');
    await fanOut.setTopics([aTopic('t'), aTopic('u', { catalogVersion: 2 })]);
    outlet.confirms = true;
    outlet.confirm();
    for (let round = 0; round < 4; round++) await settled();
    expect(outlet.numbers).toEqual([1, 2, 3, 4, 5]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('is told of what retention took from tail and slow reader alike', async () => {
    await begin();
    const outlet = await attachSlow('t');
    const others = log.reopen({ clock });
    log.setOutage(true);
    await settled();
    await others.append([{ topic: 't', partition: 0, records: events(2, 'unseen') }]);
    clock.advance(1_000);
    await others.setRetention('t', { ms: 1, bytes: 0 });
    await others.ends('t');
    await others.setRetention('t', { ms: 0, bytes: 0 });
    log.setOutage(false);
    for (let round = 0; round < 4; round++) await settled(1_000);
    outlet.confirms = true;
    outlet.confirm();
    for (let round = 0; round < 4; round++) await settled(1_000);
    await publish(7, 1);
    await settled(1_000);
    await others.close();
    expect(outlet.of('gap').at(-1)).toMatchObject({ reason: 'expired', to: positionOfOffset(4) });
    expect(outlet.numbers.at(-1)).toBe(7);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  // The frame said that it reached to where the log begins now, and the gap after it was empty.
  it('is told of what retention took right after events that still waited for a flush', async () => {
    await begin();
    const { outlet } = await attach('live');
    await publish(1, 1);
    await settled();
    // The clock stands still, and with it the flush.
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await publish(2, 1);
    await turn();
    await log.setRetention('t', { ms: 0, bytes: 1 });
    await publish(3, 1);
    await turn();
    await log.setRetention('t', { ms: 0, bytes: 0 });
    await publish(4, 1);
    await settled();
    const [first, second, third, fourth] = [0, 1, 2, 3].map(positionOfOffset);
    expect(outlet.of('data').map(({ pos }) => pos)).toEqual([first, second, fourth]);
    expect(outlet.of('gap')).toMatchObject([{ reason: 'expired', from: second, to: third }]);
    expect(outlet.numbers).toEqual([1, 2, 4]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('waits for a tail that is behind where another process has left off, and repeats nothing', async () => {
    await begin();
    await attach('live');
    log.isTailLate = true;
    await publish(1, 2);
    await publish(3, 1);
    await settled();
    const { outlet } = await attach(positionOfOffset(1));
    expect(outlet.of('subscribed')).toMatchObject([{ positions: [{ position: positionOfOffset(1) }] }]);
    log.isTailLate = false;
    for (const letGo of log.held.splice(0)) letGo();
    for (let round = 0; round < 4; round++) await settled();
    expect(outlet.numbers).toEqual([3]);
    expect(outlet.chainBreaks()).toEqual([]);
  });

  it('reads a lane that was closed as unwanted while the reader was still asking where to begin', async () => {
    await begin({ lingerMs: 100 });
    const before = await attach('live');
    fanOut.detach(await before.attached);
    const answers: (() => void)[] = [];
    const { outlet } = await attach(() => new Promise((resolve) => answers.push(() => resolve(BEFORE_FIRST))));
    await settled(200);
    for (let round = 0; round < 3; round++) {
      for (const answer of answers.splice(0)) answer();
      await settled();
    }
    await publish(1, 1);
    await settled();
    expect(outlet.numbers).toEqual([1]);
  });

  it('reads a topic that came while the reader was still asking where to begin', async () => {
    await begin();
    const answers: (() => void)[] = [];
    const { outlet } = await attach(() => new Promise((resolve) => answers.push(() => resolve(BEFORE_FIRST))), '#');
    await log.createTopic('u', 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic('t'), aTopic('u', { catalogVersion: 2 })]);
    for (let round = 0; round < 3; round++) {
      for (const answer of answers.splice(0)) answer();
      await settled();
    }
    await publish(1, 1, 'u');
    await settled();
    expect(outlet.numbers).toEqual([1]);
  });

  // It was told that the topic was gone, and was sent it from its first event on.
  it('goes on where it was in a topic of which others of its feed have not heard yet', async () => {
    await begin();
    const everything = await attach('live', '#');
    await log.createTopic('m/a', 1, { ms: 0, bytes: 0 });
    const known = [aTopic('t'), aTopic('m/a', { catalogVersion: 2 })];
    await fanOut.setTopics(known);
    const before = await attach('live', 'm/#');
    for (const name of ['late', 'm/b']) await log.createTopic(name, 1, { ms: 0, bytes: 0 });
    await publish(1, 2, 'm/b');
    log.lateTopic = 'late';
    const added = ['late', 'm/b'].map((name) => aTopic(name, { catalogVersion: 3 }));
    const changed = fanOut.setTopics([...known, ...added]);
    const { outlet } = await attach(
      ({ lane }) => Promise.resolve(lane.topic === 'm/b' ? positionOfOffset(0) : 'live'),
      'm/#',
    );
    expect(outlet.of('subscribed')[0].positions).toContainEqual(
      expect.objectContaining({ topic: 'm/b', position: positionOfOffset(0) }),
    );
    for (const letGo of log.held.splice(0)) letGo();
    await changed;
    for (let round = 0; round < 4; round++) await settled();
    await publish(3, 1, 'm/b');
    for (let round = 0; round < 4; round++) await settled();
    expect([outlet, before.outlet, everything.outlet].map(({ numbers }) => numbers)).toEqual([
      [2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect([outlet, before.outlet, everything.outlet].flatMap((each) => each.chainBreaks())).toEqual([]);
  });

  it('goes on with a topic that is new when the catalog hears of it later than the broker', async () => {
    await begin();
    await log.deleteTopic('t');
    await log.createTopic('t', 1, { ms: 0, bytes: 0 });
    const { outlet } = await attach('live');
    await publish(1, 1);
    await settled();
    await fanOut.setTopics([aTopic('t', { catalogVersion: 2 })]);
    await publish(2, 1);
    await settled();
    expect(outlet.numbers).toEqual([1, 2]);
    expect(outlet.of('gap')).toEqual([]);
  });

  it('reads a topic that came while the broker was away, once it is asked again', async () => {
    await begin();
    const { outlet } = await attach('live', '#');
    await log.createTopic('u', 1, { ms: 0, bytes: 0 });
    log.setOutage(true);
    const topics = [aTopic('t'), aTopic('u', { catalogVersion: 2 })];
    await expect(fanOut.setTopics(topics)).rejects.toMatchObject({ code: 'broker.unavailable' });
    log.setOutage(false);
    await fanOut.setTopics(topics);
    await publish(1, 1, 'u');
    await settled(3_000);
    expect(outlet.numbers).toEqual([1]);
  });

  it('leaves nothing behind of the times that the broker did not answer', async () => {
    await begin();
    await attach('live');
    const before = getEventListeners(log.signal as AbortSignal, 'abort').length;
    log.setOutage(true);
    for (let round = 0; round < 20; round++) await settled(2_000);
    log.setOutage(false);
    await settled(3_000);
    expect(getEventListeners(log.signal as AbortSignal, 'abort').length).toBeLessThanOrEqual(before + 1);
  });
});
