import path from 'node:path';
import kafkajs from 'kafkajs';
import { type Certificates, makeCertificates } from './certificates.js';
import type { KafkaCluster, KafkaListener, KafkaNode } from './kafka-properties.js';

export interface KafkaUser {
  readonly username: string;
  readonly password: string;
}

/** Whom the secured Kafka knows, by PLAIN and both SCRAMs. They are for tests on one machine, so they are no secrets. */
export const KAFKA_USERS = {
  /** May do everything. */
  admin: { username: 'admin', password: 'admin-for-tests' },
  /** May do what a service needs. */
  service: { username: 'service', password: 'service-for-tests' },
  /** May read topics that begin with `open.`, in groups that begin so, and nothing else. */
  reader: { username: 'reader', password: 'reader-for-tests' },
  /** Is let in, and may do nothing. */
  stranger: { username: 'stranger', password: 'stranger-for-tests' },
} as const satisfies Readonly<Record<string, KafkaUser>>;

export const SCRAM_USERS: readonly string[] = Object.values(KAFKA_USERS).flatMap(({ username, password }) =>
  [256, 512].map((bits) => `SCRAM-SHA-${bits}=[name=${username},password=${password}]`),
);

/** What a secured Kafka listens on: SASL, the controller, TLS (the client's certificate is asked for), SASL over TLS. */
export const SECURE_PORTS = 4;

export const secureListeners = (port: number) =>
  ({
    sasl: { name: 'SASL', port, protocol: 'SASL_PLAINTEXT' },
    tls: { name: 'TLS', port: port + 2, protocol: 'SSL' },
    saslTls: { name: 'SASLTLS', port: port + 3, protocol: 'SASL_SSL' },
  }) as const satisfies Readonly<Record<string, KafkaListener>>;

export const certificatesIn = (folder: string): Promise<Certificates> =>
  makeCertificates(path.join(folder, 'certificates'), KAFKA_USERS.service.username);

export function secureCluster(node: KafkaNode, { files }: Pick<Certificates, 'files'>): KafkaCluster {
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const itself = `username="${KAFKA_USERS.admin.username}" password="${KAFKA_USERS.admin.password}"`;
  const users = Object.values(KAFKA_USERS).map(({ username, password }) => `user_${username}="${password}"`);
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required ${itself} ${users.join(' ')};`;
  const logins = ['sasl', 'sasltls'].flatMap((listener) => [
    [`listener.name.${listener}.plain.sasl.jaas.config`, plain],
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, scram],
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`, scram],
  ]);
  const listeners = secureListeners(node.port);
  return {
    nodes: [node],
    listeners: Object.values(listeners),
    security: {
      'listener.security.protocol.map': [
        // What the broker tells its controller is said by the administrator as well: nobody else may.
        'CONTROLLER:SASL_PLAINTEXT',
        ...Object.values(listeners).map(({ name, protocol }) => `${name}:${protocol}`),
      ].join(','),
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'sasl.mechanism.controller.protocol': 'PLAIN',
      'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.controller.plain.sasl.jaas.config': plain,
      ...Object.fromEntries(logins),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': files.server,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': files.ca,
      'ssl.client.auth': 'requested',
      'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/,DEFAULT',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': `User:${KAFKA_USERS.admin.username}`,
      'allow.everyone.if.no.acl.found': 'false',
    },
  };
}

const LOGIN_WITHIN_MS = 30_000;
const LOGIN_PAUSE_MS = 200;

/** Whoever comes through TLS without a certificate is ANONYMOUS, and may do what the service may. */
export async function grantRights(port: number): Promise<void> {
  const {
    Kafka,
    logLevel,
    AclResourceTypes: resource,
    AclOperationTypes: act,
    ResourcePatternTypes: pattern,
  } = kafkajs;
  const newAdmin = () =>
    new Kafka({
      brokers: [`127.0.0.1:${port}`],
      logLevel: logLevel.NOTHING,
      sasl: { mechanism: 'plain', ...KAFKA_USERS.admin },
    }).admin();
  const allow = (user: string, resourceType: number, operation: number, name: string, isPrefix = false) => ({
    principal: `User:${user}`,
    host: '*',
    permissionType: kafkajs.AclPermissionTypes.ALLOW,
    resourceType,
    operation,
    resourceName: name,
    resourcePatternType: isPrefix ? pattern.PREFIXED : pattern.LITERAL,
  });
  const everything = [resource.TOPIC, resource.GROUP, resource.TRANSACTIONAL_ID];
  const ofService = [KAFKA_USERS.service.username, 'ANONYMOUS'].flatMap((user) => [
    ...everything.map((type) => allow(user, type, act.ALL, '*')),
    allow(user, resource.CLUSTER, act.ALL, 'kafka-cluster'),
  ]);
  const ofReader = [resource.TOPIC, resource.GROUP].map((type) =>
    allow(KAFKA_USERS.reader.username, type, act.READ, 'open.', true),
  );
  const admin = await connected(newAdmin);
  try {
    await admin.createAcls({ acl: [...ofService, ...ofReader] });
  } finally {
    await admin.disconnect();
  }
}

/**
 * A broker that has only just opened its door may break off a login. kafkajs then begins another one on the connection of the
 * first, which the broker refuses for good (ILLEGAL_SASL_STATE): each try needs a client of its own.
 */
async function connected(newAdmin: () => kafkajs.Admin): Promise<kafkajs.Admin> {
  const endMs = performance.now() + LOGIN_WITHIN_MS;
  for (;;) {
    const admin = newAdmin();
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      await admin.disconnect().catch(() => undefined);
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, LOGIN_PAUSE_MS);
      });
    }
  }
}
