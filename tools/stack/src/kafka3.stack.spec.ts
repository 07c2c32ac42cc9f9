import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { type KafkaClusterForTest, startKafka3 } from './index.js';
import { startMarkOf } from './running-file.js';

let cluster: KafkaClusterForTest;
let kafka: Kafka;
let admin: Admin;

beforeAll(async () => {
  cluster = await startKafka3();
  const brokers = cluster.url.split(',');
  kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 10 } });
  admin = kafka.admin();
  await admin.connect();
}, 180_000);

afterAll(async () => {
  await admin?.disconnect();
  await cluster?.stop();
}, 60_000);

const partitionOf = async (topic: string) => {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0].partitions[0];
};

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > endMs) throw new Error('it did not come to be');
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

describe('a Kafka of three brokers', () => {
  it('keeps three copies, goes on without the leader of a lane, and takes it back', async () => {
    await admin.createTopics({ topics: [{ topic: 'three', numPartitions: 1 }], waitForLeaders: true });
    const before = await partitionOf('three');
    expect(before.replicas).toHaveLength(3);

    const leader = cluster.brokers[before.leader - 1];
    const { pid } = leader;
    await leader.kill();
    expect(startMarkOf(pid)).toBeUndefined();
    // This client gives up when the broker that it knew is not there; it is asked again.
    await until(async () => {
      const producer = kafka.producer();
      await producer.connect();
      const written = producer.send({ topic: 'three', acks: -1, messages: [{ value: 'without it' }] });
      await written.finally(() => producer.disconnect());
      return true;
    });
    expect((await partitionOf('three')).leader).not.toBe(before.leader);

    await leader.restart();
    await until(async () => (await partitionOf('three')).isr.length === 3);
  }, 120_000);
});
