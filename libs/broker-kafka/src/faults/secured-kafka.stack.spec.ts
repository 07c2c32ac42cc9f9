import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BEFORE_FIRST } from '@distributary/distribution-core';
import { anEvent, Follower, until } from '@distributary/distribution-core/testing';
import { type SecureKafkaForTest, startSecureKafka } from '../../../../tools/stack/src/index.js';
import { kafkaConfig } from '../kafka.config.js';
import { KafkaLog } from '../kafka-log.js';
import { kafkaLogOptions } from '../kafka-options.js';
import { ids, systemClock } from '../testing/kafka-harness.js';

const FOREVER = { ms: 0, bytes: 0 };

let kafka: SecureKafkaForTest;
let folder: string;
const logs: KafkaLog[] = [];

beforeAll(async () => {
  kafka = await startSecureKafka();
  folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-certificates-'));
  const { ca, otherCa, client } = kafka.certificates;
  writeFileSync(path.join(folder, 'ca.pem'), ca);
  writeFileSync(path.join(folder, 'other.pem'), otherCa);
  writeFileSync(path.join(folder, 'client.pem'), client.certificate);
  writeFileSync(path.join(folder, 'client.key'), client.key);
}, 180_000);

afterAll(async () => {
  await Promise.all(logs.map((log) => log.close()));
  rmSync(folder, { recursive: true, force: true });
  await kafka?.stop('SIGKILL');
}, 60_000);

/** As a service opens it, from its environment. */
async function open(environment: Readonly<Record<string, string>>): Promise<KafkaLog> {
  const config = kafkaConfig.parse({ KAFKA_TIMEOUT_MS: '8000', ...environment });
  const log = await KafkaLog.open({ ...kafkaLogOptions(config), clock: systemClock, ids });
  logs.push(log);
  return log;
}

const login = (mechanism: string, user: { readonly username: string; readonly password: string }) => ({
  KAFKA_BROKERS: kafka.listeners.sasl,
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: user.username,
  KAFKA_SASL_PASSWORD: user.password,
});

const overTls = (ca: string) => ({
  KAFKA_BROKERS: kafka.listeners.tls,
  KAFKA_TLS: 'true',
  KAFKA_TLS_CA_FILE: path.join(folder, ca),
});

/** What a service needs of a Kafka: topics, appends over several lanes with positions, reading. */
async function expectUsable(log: KafkaLog, topic: string): Promise<void> {
  await log.createTopic(topic, 2, FOREVER);
  const lanes = [0, 1].map((partition) => ({
    topic,
    partition,
    records: [anEvent({ eventId: `event-${partition}` })],
  }));
  const [{ lane, last }] = await log.append(lanes);
  await log.append(lanes.slice(1), { group: `${topic}-group`, positions: [{ ...lane, position: last }] });
  const follower = new Follower(log, { topic, partition: 1, after: BEFORE_FIRST });
  await until('both events', () => follower.eventIds.length === 2);
  await follower.stop();
  await log.deleteTopic(topic);
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a secured Kafka', () => {
  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    'is used with a login by %s',
    async (mechanism) => {
      await expectUsable(await open(login(mechanism, kafka.users.service)), `login-${mechanism.toLowerCase()}`);
    },
    60_000,
  );

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    'says so at once when the password is wrong (%s)',
    async (mechanism) => {
      const startMs = performance.now();
      const failure = await failureOf(open(login(mechanism, { username: 'service', password: 'not-it' })));
      expect(failure).toMatchObject({ code: 'broker.unavailable' });
      expect((failure as Error).message).toMatch(/authentication|credentials|SASL/i);
      expect((failure as Error).message).not.toContain('not-it');
      // It will not become right: the time-out of 8 s is not waited for.
      expect(performance.now() - startMs).toBeLessThan(6_000);
    },
    60_000,
  );

  it('is used over TLS, with a certificate of its own or without, and with a login', async () => {
    await expectUsable(await open(overTls('ca.pem')), 'tls');
    const certificate = {
      KAFKA_TLS_CERT_FILE: path.join(folder, 'client.pem'),
      KAFKA_TLS_KEY_FILE: path.join(folder, 'client.key'),
    };
    await expectUsable(await open({ ...overTls('ca.pem'), ...certificate }), 'tls-certificate');
    const both = { ...login('SCRAM-SHA-512', kafka.users.service), ...overTls('ca.pem') };
    await expectUsable(await open({ ...both, KAFKA_BROKERS: kafka.listeners.saslTls }), 'tls-login');
  }, 90_000);

  it('is not believed when somebody else signed its certificate', async () => {
    const failure = await failureOf(open(overTls('other.pem')));
    expect(failure).toMatchObject({ code: 'broker.unavailable' });
    expect((failure as Error).message).toMatch(/certificate/i);
  }, 60_000);

  it('that is spoken to without TLS or login says broker.unavailable within the time-out', async () => {
    const plain = await failureOf(open({ KAFKA_BROKERS: kafka.listeners.sasl }));
    expect(plain).toMatchObject({ code: 'broker.unavailable' });
    const withoutTls = await failureOf(open({ KAFKA_BROKERS: kafka.listeners.tls }));
    expect(withoutTls).toMatchObject({ code: 'broker.unavailable' });
  }, 60_000);

  it('names what is denied: it can be mended, and is no missing topic', async () => {
    const admin = await open(login('PLAIN', kafka.users.admin));
    await admin.createTopic('open.prices', 1, FOREVER);
    await admin.append([{ topic: 'open.prices', partition: 0, records: [anEvent({ eventId: '1' })] }]);

    const reader = await open(login('SCRAM-SHA-256', kafka.users.reader));
    const follower = new Follower(reader, { topic: 'open.prices', partition: 0, after: BEFORE_FIRST });
    await until('what it may read', () => follower.eventIds.length === 1);
    await follower.stop();
    const denied = [
      reader.append([{ topic: 'open.prices', partition: 0, records: [anEvent()] }]),
      reader.createTopic('open.mine', 1, FOREVER),
    ];
    for (const failure of await Promise.all(denied.map(failureOf))) {
      expect(failure).toMatchObject({ code: 'broker.unavailable' });
      expect((failure as Error).message).toMatch(/AUTHORIZATION_FAILED|not authori[sz]ed/i);
    }
  }, 60_000);
});
