import type { EventRecord } from '../event.js';
import { EventSample } from '../delivery/statistics/event-sample.js';
import { SampledDeliveries } from '../delivery/statistics/sampled-deliveries.js';
import { BEFORE_FIRST, type Position, positionOfOffset } from '../position.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import type { SlowPolicy } from '../subscription/subscription.js';
import { anEvent, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';
import type { Member } from './member.js';
import type { TracedFlush } from './pending-traces.js';

const TOPIC: TopicDefinition = {
  name: 't',
  tenant: 'acme',
  brokerName: 't',
  dataType: 'ALERTS',
  partitions: 1,
  retentionPolicy: '7d',
  enabled: true,
  origin: 'ingested',
  priority: 5,
  conflationKey: 'none',
  catalogVersion: 1,
  createdAtMicros: 0,
};

class World {
  readonly clock = new FakeClock();
  readonly log = new InMemoryLog({ clock: this.clock });
  readonly fanOut = new FanOut({ log: this.log, clock: this.clock, metrics: noMetrics });
  readonly seen: unknown[] = [];
  readonly flushes: TracedFlush[] = [];
  private published = 0;

  async start(isTraced = false): Promise<this> {
    await this.log.createTopic('t', 1, { ms: 0, bytes: 0 });
    await this.fanOut.setTopics([TOPIC]);
    this.fanOut.observer = {
      arrived: (state, events) => this.seen.push(['arrived', state.topic.name, events]),
      delivered: (_feed, _state, latencyMs, events, members) =>
        this.seen.push(['delivered', events, members, latencyMs >= 0]),
      replayed: (_feed, _state, events) => this.seen.push(['replayed', events]),
      lost: (_state, reason, events, upTo) => this.seen.push(['lost', reason, events, upTo]),
    };
    if (isTraced) this.fanOut.tracing = { flushed: (flush) => this.flushes.push(flush) };
    return this;
  }

  async publish(...records: Partial<EventRecord>[]): Promise<void> {
    await this.log.append([
      {
        topic: 't',
        partition: 0,
        records: records.map((record) => ({ ...anEvent({ eventId: `e${++this.published}` }), ...record })),
      },
    ]);
    await this.settle();
  }

  async subscribe(
    wanted: { outlet?: RecordingOutlet; policy?: SlowPolicy; after?: Position; only?: string; id?: string } = {},
  ): Promise<Member> {
    const outlet = wanted.outlet ?? new RecordingOutlet();
    const { only } = wanted;
    const attached = this.fanOut.attach({
      subscriptionId: wanted.id ?? 's',
      selection: {
        topicPatterns: ['t'],
        keyPatterns: [],
        filter: only === undefined ? undefined : { op: 'eq', attribute: 'kind', value: only },
      },
      encoder: lineEncoder,
      outlet,
      policy: wanted.policy ?? 'block',
      credit: Number.POSITIVE_INFINITY,
      maxRate: Number.POSITIVE_INFINITY,
      snapshot: false,
      startOf: async () => wanted.after ?? 'live',
      onAttached: () => undefined,
    });
    await this.settle();
    const member = await attached;
    outlet.onRoom = () => this.fanOut.serve(member);
    await this.settle();
    return member;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await settle(this.clock, 4);
      this.clock.advance(2);
    }
  }
}

describe('the fan-out tells its observer', () => {
  let world: World;
  afterEach(async () => {
    await world.fanOut.stop();
    await world.log.close();
  });

  it('once a batch what arrived, and once a flush to how many it went', async () => {
    world = await new World().start();
    await world.subscribe();
    await world.subscribe();
    await world.publish({}, {}, {});
    expect(world.seen).toEqual([
      ['arrived', 't', 3],
      ['delivered', 3, 2, true],
    ]);
    expect([...world.fanOut.subscriptionStates()]).toMatchObject([
      { subscriptionId: 's', tenant: 'acme', state: 'live', sentEvents: 3, lagEvents: 0 },
      { sentEvents: 3 },
    ]);
  });

  it('which events of a sample went out, of each feed that wanted them, and how long that took', async () => {
    world = await new World().start();
    const sample = new EventSample(0.5);
    const sampled: unknown[] = [];
    world.fanOut.observer = new SampledDeliveries(sample, world.clock, ({ batch, index, members, latencyMs }) =>
      sampled.push([batch.eventIdAt(index), members, latencyMs >= 0]),
    );
    await world.subscribe();
    await world.subscribe();
    await world.subscribe({ only: 'a' });
    await world.publish(...Array.from({ length: 40 }, (_, n) => ({ attributes: { kind: n % 3 === 0 ? 'a' : 'b' } })));
    const [batch] = await world.log.read({ topic: 't', partition: 0, after: BEFORE_FIRST }, 1e6);
    const picked = batch.eventIds.filter((_, index) => sample.includes(batch, index));
    const ofKindA = picked.filter((id) => (Number(id.slice(1)) - 1) % 3 === 0);
    expect(picked.length).toBeGreaterThan(5);
    expect(picked.length).toBeLessThan(35);
    expect(sampled).toHaveLength(picked.length + ofKindA.length);
    expect(sampled).toEqual(
      expect.arrayContaining([...picked.map((id) => [id, 2, true]), ...ofKindA.map((id) => [id, 1, true])]),
    );
  });

  it('what members that catch up are sent, apart from live deliveries', async () => {
    world = await new World().start();
    await world.subscribe({ id: 'early' });
    await world.publish({}, {});
    world.seen.length = 0;
    await world.subscribe({ after: BEFORE_FIRST, id: 'late' });
    expect(world.seen).toEqual([['replayed', 2]]);
  });

  it('what a slow member missed, and how far behind it is', async () => {
    world = await new World().start();
    const outlet = new RecordingOutlet();
    outlet.confirms = false;
    outlet.setLimit(10);
    await world.subscribe({ outlet, policy: 'skip-to-live' });
    for (let n = 0; n < 4; n++) await world.publish({});
    const [state] = world.fanOut.subscriptionStates();
    expect(state).toMatchObject({ state: 'behind', sentEvents: 1, lagEvents: 3 });
    const { unconfirmedBytes: pendingBytes } = outlet;
    const lane = { topic: 't', partition: 0, subscribers: 2, pendingBytes };
    await world.subscribe({ id: 'fast' });
    expect(pendingBytes).toBeGreaterThan(0);
    expect(world.fanOut.lanePressures(10)).toEqual([{ ...lane, behind: 1, blocked: 1 }]);
    expect(world.fanOut.lanePressures(0)).toEqual([]);
    outlet.setLimit(1_000_000);
    outlet.onRoom?.();
    await world.settle();
    expect(world.seen).toContainEqual(['lost', 'policy', 3, positionOfOffset(3)]);
    expect(world.fanOut.lanePressures(10)).toMatchObject([{ subscribers: 2, behind: 0, blocked: 0 }]);
  });
});

describe('the fan-out and traced events', () => {
  let world: World;
  afterEach(async () => {
    await world.fanOut.stop();
    await world.log.close();
  });

  it('reports one flush with the traces of the events that its feed wanted, not one for each member', async () => {
    world = await new World().start(true);
    await world.subscribe({ only: 'a' });
    await world.subscribe({ only: 'a' });
    await world.subscribe();
    const kind = (name: string) => ({ attributes: { kind: name } });
    await world.publish({ ...kind('a'), traceparent: 'one' }, { ...kind('b'), traceparent: 'two' }, kind('a'));
    expect(world.flushes).toHaveLength(2);
    const [narrow, wide] = [...world.flushes].sort((a, b) => a.traceparents.length - b.traceparents.length);
    expect(narrow).toMatchObject({ traceparents: ['one'], members: 2, deliveries: 4 });
    expect(wide).toMatchObject({ traceparents: ['one', 'two'], members: 1, deliveries: 3 });
    expect(narrow.endedMicros).toBeGreaterThanOrEqual(narrow.startedMicros);
  });

  it('links no more of them than a span can hold', async () => {
    world = await new World().start(true);
    await world.subscribe();
    await world.publish(...Array.from({ length: 100 }, (_, n) => ({ traceparent: `trace-${n}` })));
    expect(world.flushes.map(({ traceparents }) => traceparents.length)).toEqual([32]);
  });

  it('keeps no trace of a feed that is gone, and reports nothing that nobody received', async () => {
    world = await new World().start(true);
    const member = await world.subscribe();
    world.fanOut.detach(member);
    await world.publish({ traceparent: 'one' });
    await world.subscribe();
    await world.publish({});
    expect(world.flushes).toEqual([]);
  });

  it('looks at none while nothing is traced', async () => {
    world = await new World().start();
    await world.subscribe();
    await world.publish({ traceparent: 'one' });
    expect(world.flushes).toEqual([]);
    const [batch] = await world.log.read({ topic: 't', partition: 0, after: BEFORE_FIRST }, 1e6);
    expect(batch.recordAt(0)).toMatchObject({ traceparent: 'one', attributes: {} });
  });
});
