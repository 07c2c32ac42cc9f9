import { KAFKA } from '../kafka.errors.js';
import { FakeCluster, fakeParts } from '../testing/fake-cluster.js';
import { TopicAdmin } from './topic-admin.js';
import { KafkaNames } from './topic-names.js';
import { MARK } from './topic-settings.js';

const FOREVER = { ms: 0, bytes: 0 };
const OPTIONS = { timeoutMs: 300, replicationFactor: -1, minInsyncReplicas: undefined, maxRecordBytes: 2 ** 20 };
const NO_TOPICS = { brokers: [], topics: [] };

const admin = (fake: FakeCluster) =>
  new TopicAdmin(fake.cluster, new KafkaNames('dev.'), fakeParts(fake).retrying, OPTIONS);
const configs = (...values: readonly (readonly [string, string | null])[]) =>
  values.map(([name, value]) => ({ name, value }));

describe('topics of Kafka', () => {
  it('are refused when they are there, or cannot be', async () => {
    const answer = (errorCode: number) => ({ topics: [{ errorCode, errorMessage: 'so it is' }] });
    const create = (errorCode: number, partitions = 1) =>
      admin(new FakeCluster().on('create topic', answer(errorCode))).create('orders', partitions, FOREVER);
    await expect(create(KAFKA.topicExists)).rejects.toMatchObject({ code: 'topic.exists' });
    await expect(create(KAFKA.invalidReplicationFactor)).rejects.toThrow('INVALID_REPLICATION_FACTOR');
    await expect(create(0, 0)).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(admin(new FakeCluster()).create('a/b', 1, FOREVER)).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('are gone for every broker when their deletion is answered', async () => {
    const fake = new FakeCluster().withTopic('dev.orders').on('metadata', NO_TOPICS);
    fake.on('delete topic', () => {
      fake.topics.clear();
      return { responses: [{ errorCode: 0, errorMessage: null }] };
    });
    await admin(fake).delete('orders');
    expect(fake.asked).toEqual(['delete topic', 'metadata']);
    await expect(admin(fake).delete('orders')).rejects.toMatchObject({ code: 'topic.not_found' });
  });

  it('are listed if they were made here and stand behind the prefix', async () => {
    const fake = new FakeCluster().withTopic('dev.orders', 2, 'epoch').withTopic('dev.foreign').withTopic('other');
    fake.on('describe topics', {
      results: [
        { errorCode: 0, resourceName: 'dev.orders', configs: configs(['retention.ms', '9'], [MARK.name, MARK.value]) },
        { errorCode: 0, resourceName: 'dev.foreign', configs: configs(['retention.ms', '9']) },
        { errorCode: KAFKA.unknownTopicOrPartition, resourceName: 'dev.gone', configs: [] },
      ],
    });
    expect(await admin(fake).list()).toEqual([
      {
        name: 'orders',
        partitions: 2,
        retention: { ms: 9, bytes: 0 },
        lanes: [0, 1].map((partition) => ({ topic: 'orders', partition, epoch: 'epoch' })),
      },
    ]);
    expect(await admin(new FakeCluster()).list()).toEqual([]);
  });

  it('get another retention', async () => {
    const answer = (errorCode: number) => ({ responses: [{ errorCode, errorMessage: null }] });
    await admin(new FakeCluster().withTopic('dev.orders').on('alter topic', answer(0))).setRetention('orders', FOREVER);
    const refused = admin(new FakeCluster().withTopic('dev.orders').on('alter topic', answer(40)));
    await expect(refused.setRetention('orders', FOREVER)).rejects.toThrow('INVALID_CONFIG');
    const gone = admin(new FakeCluster()).setRetention('orders', FOREVER);
    await expect(gone).rejects.toMatchObject({ code: 'topic.not_found' });
  });
});
