import { alertmanager } from './alertmanager.js';
import { certificatesIn, KAFKA_USERS, secureListeners, SECURE_PORTS } from './kafka-security.js';
import type { Certificates } from './certificates.js';
import { kafkaServers, portsOfKafka } from './kafka.js';
import { postgres } from './postgres.js';
import { pulsarServer } from './pulsar.js';
import { PULSAR_PORTS, pulsarPorts } from './pulsar-properties.js';
import { grantTenant, PULSAR_TOKENS, pulsarCertificates, securePulsarProperties } from './pulsar-security.js';
import { redis } from './redis.js';
import { schemaRegistry } from './schema-registry.js';
import { secureKafka } from './servers.js';
import { freePort, type StackServer } from './stack-server.js';
import { startTestServer, startTogether, testFolder, type TestServer } from './test-server.js';

export type { Certificates } from './certificates.js';
export type { RunningServer } from './stack-server.js';
export { TestRelay } from './test-relay.js';
export type { TestServer } from './test-server.js';

/** A Redis for one test: a free port (or the given one, to come back on), and data that is gone when it is stopped. */
export const startRedis = (port?: number): Promise<TestServer> => startForTest(redis, port);

/** A Prometheus Alertmanager for one test, with the text of its `alertmanager.yml`. */
export const startAlertmanager = (configuration?: string): Promise<TestServer> =>
  startForTest(alertmanager(configuration));

/** A PostgreSQL for one test; its `url` is what DATABASE_URL takes. What it acknowledged outlives a kill. */
export const startPostgres = (port?: number): Promise<TestServer> => startForTest(postgres, port);

/** A schema registry (Confluent's API) for one test; its `url` is what SCHEMA_REGISTRY_URL takes. */
export const startSchemaRegistry = (port?: number): Promise<TestServer> => startForTest(schemaRegistry, port);

/** A Kafka of one broker for one test; its `url` is what KAFKA_BROKERS takes. */
export async function startKafka(port?: number): Promise<TestServer> {
  const from = port ?? (await freePort(portsOfKafka(1)));
  return startForTest(kafkaServers('kafka', from, 1)[0], from);
}

/** A Pulsar for one test; its `url` is what PULSAR_URL takes. What it acknowledged outlives a kill. */
export async function startPulsar(port?: number): Promise<TestServer> {
  const from = port ?? (await freePort(PULSAR_PORTS));
  return startForTest(pulsarServer({ kind: 'pulsar', port: from }), from);
}

/** A Pulsar that lets nobody in without a token. */
export interface SecurePulsarForTest extends TestServer {
  /** The same, over TLS. */
  readonly tlsUrl: string;
  readonly tokens: typeof PULSAR_TOKENS;
  /** PEM texts. */
  readonly certificates: Certificates;
}

export async function startSecurePulsar(): Promise<SecurePulsarForTest> {
  const { folder, remove } = testFolder('pulsar-secure');
  try {
    const port = await freePort(PULSAR_PORTS);
    const certificates = await pulsarCertificates(folder);
    const secure = pulsarServer({
      kind: 'pulsar-secure',
      port,
      token: PULSAR_TOKENS.admin,
      security: () => Promise.resolve(securePulsarProperties(port, folder)),
      settle: () => grantTenant(`http://127.0.0.1:${port}`),
    });
    const server = withCleaning(await startTestServer(secure, port, folder), remove);
    const tlsUrl = `https://127.0.0.1:${pulsarPorts(port).webTls}`;
    return Object.assign(server, { tlsUrl, tokens: PULSAR_TOKENS, certificates });
  } catch (error) {
    remove();
    throw error;
  }
}

/** Several brokers, each of which may be killed and come back alone. */
export interface KafkaClusterForTest {
  /** What KAFKA_BROKERS takes: all of them. */
  readonly url: string;
  /** The broker whose id is 1 comes first, and so on. */
  readonly brokers: readonly TestServer[];
  stop(): Promise<void>;
}

/** Three brokers; topics get three copies, and two must have an event before it is acknowledged (acks=all). */
export async function startKafka3(): Promise<KafkaClusterForTest> {
  const { folder, remove } = testFolder('kafka3');
  try {
    const servers = kafkaServers('kafka3', await freePort(portsOfKafka(3)), 3);
    const starts = servers.map((server) => startTestServer(server, server.port, `${folder}/${server.kind}`));
    const brokers = await startTogether(starts);
    const stop = async () => {
      await Promise.all(brokers.map((broker) => broker.stop('SIGKILL')));
      remove();
    };
    return { url: brokers.map((broker) => broker.url).join(','), brokers, stop };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A Kafka that lets nobody in without a name. */
export interface SecureKafkaForTest extends TestServer {
  /** Addresses, each as KAFKA_BROKERS takes them: SASL; TLS; SASL over TLS. */
  readonly listeners: { readonly sasl: string; readonly tls: string; readonly saslTls: string };
  /** PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 alike. */
  readonly users: typeof KAFKA_USERS;
  /** PEM texts; the client's certificate stands for the user `service`. */
  readonly certificates: Certificates;
}

export async function startSecureKafka(): Promise<SecureKafkaForTest> {
  const { folder, remove } = testFolder('kafka-secure');
  try {
    const port = await freePort(SECURE_PORTS);
    const server = await startTestServer(secureKafka(port, folder), port, folder);
    const { sasl, tls, saslTls } = secureListeners(port);
    const address = (listener: { readonly port: number }) => `127.0.0.1:${listener.port}`;
    return Object.assign(withCleaning(server, remove), {
      listeners: { sasl: address(sasl), tls: address(tls), saslTls: address(saslTls) },
      users: KAFKA_USERS,
      certificates: await certificatesIn(folder),
    });
  } catch (error) {
    remove();
    throw error;
  }
}

async function startForTest(server: StackServer, port?: number): Promise<TestServer> {
  const { folder, remove } = testFolder(server.kind);
  try {
    return withCleaning(await startTestServer(server, port ?? (await freePort()), folder), remove);
  } catch (error) {
    remove();
    throw error;
  }
}

/** The same server; what it wrote is gone when it is stopped. */
function withCleaning(server: TestServer, remove: () => void): TestServer {
  const stop = server.stop.bind(server);
  server.stop = async (signal) => {
    await stop(signal);
    remove();
  };
  return server;
}
