import type { Principal } from '../access/principal.js';
import { noMetrics } from '../ports/metrics.port.js';
import {
  aDurableSubscription,
  anEvent,
  aTopic,
  FakeClock,
  InMemoryLog,
  InMemorySubscriptionStore,
  InMemoryTopicCatalog,
} from '../testing/index.js';
import { TopicAdmin, type TopicRequest, topicVersion } from './topic-admin.js';
import { TopicDirectory } from './topic-directory.js';
import { TopicStatistics } from './topic-stats.js';

const principal = (
  tenant: string,
  verbs: Principal['permissions'][number]['verbs'],
  topicPattern = '#',
): Principal => ({
  id: 'me',
  kind: 'api_key',
  tenant,
  permissions: [{ verbs, topicPattern, constraint: undefined }],
  expiresAtMicros: undefined,
});
const ADMIN = principal('default', ['manage']);
const ACME = principal('acme', ['manage']);

const aRequest = (options: Partial<TopicRequest> = {}): TopicRequest => ({
  name: 'a/b',
  dataType: 'ALERTS',
  ...options,
});

describe('the administration of topics', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let catalog: InMemoryTopicCatalog;
  let directory: TopicDirectory;
  let subscriptions: InMemorySubscriptionStore;
  let topics: TopicAdmin;

  beforeEach(async () => {
    log = new InMemoryLog({ clock });
    catalog = new InMemoryTopicCatalog({ clock });
    directory = new TopicDirectory({
      catalog,
      log,
      clock,
      metrics: noMetrics,
      onError: (error) => {
        throw error;
      },
    });
    subscriptions = new InMemorySubscriptionStore();
    topics = new TopicAdmin({ directory, subscriptions });
    await directory.start([]);
  });
  afterEach(async () => {
    directory.stop();
    await log.close();
  });

  it('creates with defaults, in the catalog and in the broker', async () => {
    const created = await topics.create(ADMIN, aRequest());
    expect(created).toMatchObject({
      name: 'a/b',
      brokerName: 'a.b',
      partitions: 1,
      retentionPolicy: '7d',
      priority: 5,
    });
    expect(await topics.get(ADMIN, 'a/b')).toEqual(created);
    expect((await log.listTopics()).map(({ name }) => name)).toEqual(['a.b']);
  });

  it.each<[Partial<TopicRequest>, string[]]>([
    [{ name: '' }, ['name', 'name']],
    [{ name: 'a//b' }, ['name']],
    [{ name: 'a/+' }, ['name']],
    [{ name: '@acme/x' }, ['name']],
    [{ name: 'a\nb' }, ['name']],
    [{ name: 'x'.repeat(201) }, ['name']],
    [{ name: 'é'.repeat(100) }, ['name']],
    [{ dataType: 'alerts' }, ['data_type']],
    [{ partitions: 0 }, ['partitions']],
    [{ partitions: 1.5 }, ['partitions']],
    [{ brokerName: 'x' }, ['broker_name']],
    [{ origin: 'external', brokerName: 'a b' }, ['broker_name']],
    [{ retentionPolicy: 'soon', priority: 10 }, ['retention_policy', 'priority']],
    [{ conflationKey: { attributes: [] } }, ['conflation_key.attributes']],
  ])('refuses %j', async (options, paths) => {
    const refused = await topics.create(ADMIN, aRequest(options)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'request.invalid' });
    expect((refused as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual(paths);
  });

  it('keeps tenants apart: what is another one’s does not exist', async () => {
    const created = await topics.create(ACME, aRequest());
    expect(created).toMatchObject({ name: '@acme/a/b', tenant: 'acme', brokerName: 'acme.a.b' });
    await topics.create(ADMIN, aRequest());
    expect(topics.list(ACME)).toEqual([created]);
    await topics.delete(ADMIN, 'a/b');
    await expect(topics.get(ADMIN, 'a/b')).rejects.toMatchObject({ code: 'topic.not_found' });
    expect(await topics.get(ACME, 'a/b')).toEqual(created);
  });

  it('asks for permissions by name', async () => {
    await topics.create(ADMIN, aRequest());
    await topics.create(ADMIN, aRequest({ name: 'c' }));
    const reader = principal('default', ['read'], 'a/#');
    expect(topics.list(reader).map(({ name }) => name)).toEqual(['a/b']);
    await expect(topics.get(reader, 'c')).rejects.toMatchObject({ code: 'auth.forbidden' });
    await expect(topics.create(reader, aRequest({ name: 'a/x' }))).rejects.toMatchObject({ code: 'auth.forbidden' });
    await expect(topics.change(reader, 'a/b', {})).rejects.toMatchObject({ code: 'auth.forbidden' });
    await expect(topics.delete(reader, 'a/b')).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it('changes what is still as it was seen', async () => {
    const created = await topics.create(ADMIN, aRequest());
    const seen = [topicVersion(created)];
    const changed = await topics.change(ADMIN, 'a/b', { priority: 1, retentionPolicy: '1d' }, seen);
    expect(directory.find('a/b')).toEqual(changed);
    expect((await log.listTopics())[0].retention.ms).toBe(86_400_000);
    await expect(topics.change(ADMIN, 'a/b', { priority: 2 }, seen)).rejects.toMatchObject({
      code: 'precondition.failed',
    });
    await expect(topics.delete(ADMIN, 'a/b', { precondition: seen })).rejects.toMatchObject({
      code: 'precondition.failed',
    });
    await expect(topics.change(ADMIN, 'a/b', { priority: 0 })).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(topics.change(ADMIN, 'a/b', { retentionPolicy: 'x' })).rejects.toMatchObject({
      code: 'request.invalid',
    });
  });

  it('does not delete what a durable subscription needs, unless it is forced', async () => {
    await topics.create(ADMIN, aRequest());
    await topics.create(ADMIN, aRequest({ name: 'a/c' }));
    for (let index = 0; index < 5; index++) {
      await subscriptions.create(aDurableSubscription({ subscriptionId: `s${index}`, topicPatterns: ['a/b'] }));
    }
    await subscriptions.create(aDurableSubscription({ subscriptionId: 'wide', topicPatterns: ['a/#'] }));
    await subscriptions.create(
      aDurableSubscription({ subscriptionId: 'other', tenant: 'acme', topicPatterns: ['a/b'] }),
    );
    const refused = await topics.delete(ADMIN, 'a/b').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'topic.in_use', message: expect.stringContaining('and 2 more') });
    expect((refused as { problems: unknown[] }).problems).toHaveLength(5);
    await topics.delete(ADMIN, 'a/c');
    await topics.delete(ADMIN, 'a/b', { force: true });
    expect(await log.listTopics()).toEqual([]);
  });

  it('begins a topic empty, whatever a deletion that was interrupted left behind', async () => {
    await log.createTopic('a.b', 3, { ms: 0, bytes: 0 });
    await log.append([{ topic: 'a.b', partition: 0, records: [anEvent()] }]);
    await topics.create(ADMIN, aRequest());
    expect((await log.ends('a.b')).map(({ events }) => events)).toEqual([0]);
  });

  it('knows a topic that another process has just made', async () => {
    const { name } = await catalog.create(aTopic('theirs'));
    expect(await topics.get(ADMIN, name)).toMatchObject({ name });
    await catalog.create(aTopic('second'));
    const changing = topics.change(ADMIN, 'second', { priority: 1 });
    clock.advance(100);
    expect(await changing).toMatchObject({ priority: 1 });
  });

  it('takes a topic of others as it is, and leaves it to them', async () => {
    await log.createTopic('theirs', 1, { ms: 0, bytes: 0 });
    await log.append([{ topic: 'theirs', partition: 0, records: [anEvent()] }]);
    await topics.create(ADMIN, aRequest({ origin: 'external', brokerName: 'theirs' }));
    expect((await log.ends('theirs'))[0].events).toBe(1);
    await topics.delete(ADMIN, 'a/b');
    expect((await log.listTopics()).map(({ name }) => name)).toEqual(['theirs']);
  });

  it.each([1, 3])('refuses a topic of others with %d partitions where the broker has two', async (partitions) => {
    await log.createTopic('theirs', 2, { ms: 0, bytes: 0 });
    const theirs = aRequest({ origin: 'external', brokerName: 'theirs', partitions });
    await expect(topics.create(ADMIN, theirs)).rejects.toMatchObject({
      code: 'request.invalid',
      problems: [{ path: 'partitions', rule: 'must be 2: so many has theirs in the broker' }],
    });
    expect(topics.list(ADMIN)).toEqual([]);
    expect(await catalog.list()).toEqual([]);
    await topics.create(ADMIN, { ...theirs, partitions: 2 });
  });

  it('tells what lanes hold, how old it is and how fast they grow', async () => {
    const topic = await topics.create(ADMIN, aRequest({ partitions: 2 }));
    const members = new Map([['a/b#1', 3]]);
    const statistics = new TopicStatistics({ log, clock, fanOut: { membersByLane: () => members } });
    const took = clock.nowMicros();
    const records = (count: number) => Array.from({ length: count }, (_, index) => anEvent({ eventId: `${index}` }));
    await log.append([{ topic: 'a.b', partition: 1, records: records(4) }]);
    clock.advance(90_000);
    await log.append([{ topic: 'a.b', partition: 1, records: records(2) }]);
    const [empty, full] = await statistics.of(topic);
    expect(empty).toMatchObject({ partition: 0, events: 0, oldestMicros: undefined, newestMicros: undefined });
    expect(empty).toMatchObject({ eventsPerSecond: 0, subscribers: 0 });
    expect(full).toMatchObject({ partition: 1, events: 6, oldestMicros: took, subscribers: 3 });
    expect(full.newestMicros).toBe(took + 90_000_000);
    expect(full.eventsPerSecond).toBeCloseTo(2 / 60);
  });
});
