import type tls from 'node:tls';
import kafkajs, { type KafkaConfig, type SASLOptions } from 'kafkajs';
import { type SecureKafkaForTest, startSecureKafka } from './index.js';

let server: SecureKafkaForTest;

beforeAll(async () => {
  server = await startSecureKafka();
}, 180_000);

afterAll(() => server?.stop('SIGKILL'), 60_000);

/** What a client with this configuration gets when it asks for topics, or why it gets nothing. */
async function topics(config: KafkaConfig): Promise<readonly string[] | string> {
  const admin = new kafkajs.Kafka({ logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 0 }, ...config }).admin();
  try {
    await admin.connect();
    return (await admin.listTopics()).sort();
  } catch (error) {
    return (error as Error).message;
  } finally {
    await admin.disconnect();
  }
}

const asAdmin = (): SASLOptions => ({ mechanism: 'plain', ...server.users.admin });

describe('a secured Kafka', () => {
  beforeAll(async () => {
    const { sasl } = server.listeners;
    const admin = new kafkajs.Kafka({ brokers: [sasl], sasl: asAdmin(), logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'open.prices' }, { topic: 'secret' }], waitForLeaders: true });
    await admin.disconnect();
  }, 60_000);

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('knows its users by %s', async (mechanism) => {
    const sasl = { mechanism, ...server.users.service } as SASLOptions;
    expect(await topics({ brokers: [server.listeners.sasl], sasl })).toEqual(['open.prices', 'secret']);
    const wrong = { mechanism, username: 'service', password: 'wrong' } as SASLOptions;
    expect(await topics({ brokers: [server.listeners.sasl], sasl: wrong })).toMatch(/authentication|credentials/i);
  });

  it('shows each user only what is granted to it', async () => {
    const seenBy = (user: { username: string; password: string }) =>
      topics({ brokers: [server.listeners.sasl], sasl: { mechanism: 'plain', ...user } });
    expect(await seenBy(server.users.reader)).toEqual(['open.prices']);
    expect(await seenBy(server.users.stranger)).toEqual([]);
  });

  it('proves by TLS who it is, and takes a certificate for a name', async () => {
    const { ca, otherCa, client } = server.certificates;
    const ssl = (more: tls.ConnectionOptions) => ({ brokers: [server.listeners.tls], ssl: more });
    expect(await topics(ssl({ ca }))).toEqual(['open.prices', 'secret']);
    expect(await topics(ssl({ ca, cert: client.certificate, key: client.key }))).toEqual(['open.prices', 'secret']);
    expect(await topics(ssl({ ca: otherCa }))).toMatch(/certificate/i);
  });

  it('takes names and passwords over TLS', async () => {
    const { ca } = server.certificates;
    const config = { brokers: [server.listeners.saslTls], ssl: { ca }, sasl: asAdmin() };
    expect(await topics(config)).toEqual(['open.prices', 'secret']);
  });
});
