import { EventRouter, noMetrics, RuleTable, type TopicDefinition, TopicRouter } from '@distributary/distribution-core';
import {
  anEvent,
  aRule,
  FakeClock,
  InMemoryCursorStore,
  InMemoryLog,
  until,
} from '@distributary/distribution-core/testing';
import { FakeGroupBroker } from '../testing/fake-group-broker.js';
import { FakeGroups, partitionsIn } from '../testing/fake-groups.js';
import { TIMES } from '../testing/shared-world.js';

const LANES = 4;
const GROUP = 'router/theirs';
const topic = (name: string, origin: TopicDefinition['origin'], partitions: number): TopicDefinition => ({
  name,
  tenant: 'default',
  brokerName: name,
  dataType: 'ALERTS',
  partitions,
  retentionPolicy: '7d',
  enabled: true,
  origin,
  priority: 5,
  conflationKey: 'none',
  catalogVersion: 1,
  createdAtMicros: 1,
});

describe('routers that share the lanes of an external topic', () => {
  let world: Awaited<ReturnType<typeof aWorld>>;
  beforeEach(async () => {
    world = await aWorld();
  });
  afterEach(() => world.dispose());

  async function aWorld() {
    const clock = new FakeClock();
    const log: InMemoryLog = new InMemoryLog({ clock, isMember: (group, member) => broker.isMember(group, member) });
    const broker = new FakeGroupBroker(clock, TIMES, partitionsIn(log));
    const topics = [topic('theirs', 'external', LANES), topic('ours', 'ingested', 1)];
    for (const { name, partitions } of topics) await log.createTopic(name, partitions, { ms: 0, bytes: 0 });
    const router = new EventRouter({
      topics: { find: (name) => topics.find((one) => one.name === name) },
      restate: (record) => record.value,
      metrics: noMetrics,
    });
    const rule = aRule({ name: 'r', sourcePattern: 'theirs', targetTopic: 'ours' });
    router.use(RuleTable.compile([rule]));
    const errors: unknown[] = [];
    const routers: TopicRouter[] = [];
    const pass = (what: string, condition: () => boolean | Promise<boolean>) =>
      until(what, async () => {
        clock.advance(100);
        return condition();
      });
    return {
      clock,
      log,
      broker,
      router,
      errors,
      pass,
      aProcess: () => {
        const groups = new FakeGroups(broker, clock, TIMES);
        const external = new TopicRouter({
          log,
          groups,
          topics: { list: () => topics },
          router,
          ownership: new InMemoryCursorStore({ clock }),
          clock,
          ids: { uuid: () => 'nobody asks', random: () => 0 },
          metrics: noMetrics,
          onError: (error) => errors.push(error),
        });
        routers.push(external);
        external.start();
        return { external, hold: (isHeldUp: boolean) => groups.hold(isHeldUp) };
      },
      write: async (...ids: string[]) => {
        for (const [index, eventId] of ids.entries()) {
          const record = anEvent({ eventId, routingKey: `k${index % LANES}` });
          await log.append([{ topic: 'theirs', partition: index % LANES, records: [record] }]);
        }
      },
      copies: async () => (await log.read({ topic: 'ours', partition: 0, after: '' }, 1e9)).flatMap((b) => b.eventIds),
      dispose: async () => {
        let isDone = false;
        const stopping = Promise.all(routers.map((one) => one.stop())).then(() => (isDone = true));
        await pass('all have stopped', () => isDone);
        await stopping;
        await log.close();
      },
    };
  }

  const ids = (from: number, count: number) => Array.from({ length: count }, (_, n) => `e${from + n}`);
  const standing = async () => (await world.log.committed(GROUP)).length === LANES;

  it('route each event once, while one comes and one goes', async () => {
    const { aProcess, write, copies, pass, broker } = world;
    const first = aProcess();
    await pass('all lanes are routed', standing);
    await write(...ids(0, 20));
    aProcess();
    await pass('the second has come', () => broker.members(GROUP) === 2);
    await write(...ids(20, 20));
    await pass('the lanes are shared', () => broker.generation(GROUP) >= 3);
    await write(...ids(40, 20));
    await pass('all are routed', async () => (await copies()).length >= 60);
    let hasStopped = false;
    void first.external.stop().then(() => (hasStopped = true));
    await pass('the first has gone', () => hasStopped);
    await write(...ids(60, 20));
    await pass('all are routed', async () => (await copies()).length >= 80);
    expect((await copies()).sort()).toEqual(ids(0, 80).sort());
    expect(world.errors).toEqual([]);
  });

  it('take over from one that is stopped; what it appends when it wakes is refused', async () => {
    const { aProcess, write, copies, pass, broker } = world;
    const first = aProcess();
    await pass('all lanes are routed', standing);
    aProcess();
    await pass('the lanes are shared', () => broker.generation(GROUP) >= 3);
    first.hold(true);
    await pass('the first is a member no more', () => broker.members(GROUP) === 1);
    // Its lanes are read by both now: by it as long as it does not know.
    await write(...ids(0, 40));
    await pass('all are routed', async () => (await copies()).length >= 40);
    first.hold(false);
    await pass('it is back', () => broker.members(GROUP) === 2);
    await write(...ids(40, 20));
    await pass('all are routed', async () => (await copies()).length >= 60);
    expect((await copies()).sort()).toEqual(ids(0, 60).sort());
  });

  it('forget where they stood when no rule looks at the topic any more', async () => {
    const { aProcess, pass, router, log } = world;
    aProcess();
    await pass('all lanes are routed', standing);
    router.use(RuleTable.compile([]));
    await pass('it is forgotten', async () => (await log.committed(GROUP)).length === 0);
  });
});
