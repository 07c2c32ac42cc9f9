import {
  type DistributionError,
  EventRouter,
  type GroupMember,
  noMetrics,
  RuleTable,
  type TopicDefinition,
  TopicRouter,
} from '@distributary/distribution-core';
import { anEvent, aRule, idsOf, InMemoryCursorStore, readAll, until } from '@distributary/distribution-core/testing';
import { type RunningServer, startKafka } from '../../../../tools/stack/src/index.js';
import { aKafkaLog, ids as idSource, type KafkaHarness, systemClock } from '../testing/kafka-harness.js';
import { KafkaGroups } from './kafka-groups.js';

const LANES = 4;
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
const TOPICS = [topic('theirs', 'external', LANES), topic('ours', 'ingested', 1)];

describe('routers that share the lanes of an external topic over Kafka', () => {
  let kafka: RunningServer;
  let harness: KafkaHarness;
  const routers: TopicRouter[] = [];
  const errors: unknown[] = [];
  beforeAll(async () => {
    kafka = await startKafka();
  }, 120_000);
  afterAll(() => kafka.stop('SIGKILL'));
  beforeEach(async () => {
    harness = await aKafkaLog(kafka.url);
    for (const { name, partitions } of TOPICS) await harness.log.createTopic(name, partitions, { ms: 0, bytes: 0 });
    errors.length = 0;
  });
  afterEach(async () => {
    await Promise.all(routers.splice(0).map((router) => router.stop()));
    await harness.dispose();
  });

  const aRouter = (): TopicRouter => {
    const router = new EventRouter({
      topics: { find: (name) => TOPICS.find((one) => one.name === name) },
      restate: (record) => record.value,
      metrics: noMetrics,
    });
    router.use(RuleTable.compile([aRule({ name: 'r', sourcePattern: 'theirs', targetTopic: 'ours' })]));
    const external = new TopicRouter({
      log: harness.log,
      groups: new KafkaGroups({
        brokers: [kafka.url],
        prefix: harness.prefix,
        clock: systemClock,
        times: { sessionTimeoutMs: 6_000 },
      }),
      topics: { list: () => TOPICS },
      router,
      ownership: new InMemoryCursorStore({ clock: systemClock }),
      clock: systemClock,
      ids: idSource,
      metrics: noMetrics,
      onError: (error) => errors.push(error),
    });
    routers.push(external);
    external.start();
    return external;
  };
  const numbered = (from: number, count: number) => Array.from({ length: count }, (_, n) => `e${from + n}`);
  const write = async (eventIds: readonly string[]) => {
    for (const [index, eventId] of eventIds.entries()) {
      const records = [anEvent({ eventId, routingKey: `k${index % LANES}` })];
      await harness.log.append([{ topic: 'theirs', partition: index % LANES, records }]);
    }
  };
  const copies = async () => idsOf(await readAll(harness.log, 'ours', 0));
  const standing = async () => (await harness.log.committed('router/theirs')).length === LANES;

  it('route each event once, while one comes and one goes', async () => {
    const first = aRouter();
    await until('all lanes are routed', standing, 30_000);
    await write(numbered(0, 20));
    aRouter();
    await write(numbered(20, 40));
    await until('all are routed', async () => (await copies()).length >= 60, 30_000);
    const stopping = first.stop();
    await write(numbered(60, 40));
    await stopping;
    await until('all are routed', async () => (await copies()).length >= 100, 30_000);
    expect((await copies()).sort()).toEqual(numbered(0, 100).sort());
    expect(errors).toEqual([]);
  }, 120_000);

  it('are refused with the whole append when they are no members any more', async () => {
    const groups = new KafkaGroups({ brokers: [kafka.url], prefix: harness.prefix, clock: systemClock });
    const nothing = () => undefined;
    const membership = groups.join(
      'router/theirs',
      { topics: ['theirs'], sharing: 'spread', terms: 'router' },
      {
        onAssigned: () => Promise.resolve(),
        onRevoked: () => Promise.resolve(),
        onLost: nothing,
        onSuspended: nothing,
        onResumed: nothing,
        onEnded: nothing,
      },
    );
    await membership.ready();
    await write(numbered(0, 1));
    const [{ lane, last }] = await harness.log.ends('theirs');
    const positions = [{ ...lane, position: last }];
    const append = (eventId: string, member: GroupMember | undefined) =>
      harness.log
        .append([{ topic: 'ours', partition: 0, records: [anEvent({ eventId })] }], {
          group: 'router/theirs',
          positions,
          member,
        })
        .then(
          () => 'appended',
          (error: DistributionError) => error.code,
        );
    const member = await membership.member();
    expect(await append('good', member)).toBe('appended');
    expect(await append('of an older generation', { ...member, generation: member.generation - 1 })).toBe(
      'generation.stale',
    );
    expect(await append('of nobody', { ...member, memberId: 'somebody-else' })).toBe('generation.stale');
    expect(await append('good again', member)).toBe('appended');
    await groups.close();
    expect(await append('of one that has left', member)).toBe('generation.stale');
    expect(await copies()).toEqual(['good', 'good again']);
    expect(await harness.log.committed('router/theirs')).toEqual(positions);
  }, 60_000);
});
