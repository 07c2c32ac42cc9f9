import { until } from '@distributary/distribution-core/testing';
import { Admin as QuotaAdmin, ClientQuotaEntityTypes, ClientQuotaKeys } from '@platformatic/kafka';
import kafkajs, { type Admin } from 'kafkajs';

/** Looks at a Kafka from outside of the adapter, and does to it what operators do. */
export class KafkaFromOutside {
  private constructor(
    readonly admin: Admin,
    private readonly brokers: readonly string[],
  ) {}

  static async of(brokers: string): Promise<KafkaFromOutside> {
    const { Kafka, logLevel } = kafkajs;
    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 20 } });
    const admin = kafka.admin();
    await admin.connect();
    return new KafkaFromOutside(admin, brokers.split(','));
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

  /** From now on the broker makes clients of this id wait, so that they write no more than this on average. */
  async limitProducer(clientId: string, bytesPerSecond: number): Promise<void> {
    const admin = new QuotaAdmin({ clientId: 'quotas', bootstrapBrokers: [...this.brokers] });
    try {
      const entities = [{ entityType: ClientQuotaEntityTypes.CLIENT_ID, entityName: clientId }];
      const ops = [{ key: ClientQuotaKeys.PRODUCER_BYTE_RATE, value: bytesPerSecond, remove: false as const }];
      await admin.alterClientQuotas({ entries: [{ entities, ops }] });
    } finally {
      await admin.close();
    }
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
  }

  private async partitions(topic: string) {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0].partitions;
  }
}
