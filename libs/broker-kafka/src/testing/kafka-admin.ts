import { until } from '@distributary/distribution-core/testing';
import kafkajs, { type Admin } from 'kafkajs';

/** Looks at a Kafka from outside of the adapter, and does to it what operators do. */
export class KafkaFromOutside {
  private constructor(readonly admin: Admin) {}

  static async of(brokers: string): Promise<KafkaFromOutside> {
    const { Kafka, logLevel } = kafkajs;
    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 20 } });
    const admin = kafka.admin();
    await admin.connect();
    return new KafkaFromOutside(admin);
  }

  /** The only topic of a harness, as Kafka names it. */
  async topicOf(prefix: string, name: string): Promise<string> {
    const found = (await this.admin.listTopics()).find((topic) => topic.startsWith(prefix) && topic.endsWith(name));
    if (found === undefined) throw new Error(`Kafka has no topic ${name} under ${prefix}`);
    return found;
  }

  /** The id of the broker that leads the first lane. */
  async leaderOf(topic: string): Promise<number> {
    return (await this.partitions(topic))[0].leader;
  }

  async untilAllInSync(topic: string, copies: number): Promise<void> {
    const isWhole = async () => (await this.partitions(topic)).every(({ isr }) => isr.length === copies);
    await until(`${copies} copies in sync`, () => isWhole().catch(() => false), 90_000);
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }

  private async partitions(topic: string) {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0].partitions;
  }
}
