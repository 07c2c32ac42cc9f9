import { alertmanager } from './alertmanager.js';
import { kafkaServer, kafkaServers } from './kafka.js';
import {
  certificatesIn,
  grantRights,
  KAFKA_USERS,
  SCRAM_USERS,
  secureCluster,
  secureListeners,
} from './kafka-security.js';
import { postgres } from './postgres.js';
import { pulsarServer } from './pulsar.js';
import { redis } from './redis.js';
import { schemaRegistry } from './schema-registry.js';
import type { StackServer } from './stack-server.js';

/** What `stack:up` takes by one name: one process, or several that make one thing. */
export interface StackEntry {
  readonly name: string;
  readonly servers: readonly StackServer[];
  /** Environment variables that tell the service of it. */
  readonly variables: Readonly<Record<string, string>>;
}

const KAFKA_PORT = 19_092;
const KAFKA3_PORT = 19_192;
const SECURE_PORT = 19_292;
const PULSAR_PORT = 18_180;

const addresses = (servers: readonly StackServer[]): string => servers.map(({ port }) => `127.0.0.1:${port}`).join(',');

const one = (server: StackServer): StackEntry => ({
  name: server.kind,
  servers: [server],
  variables: server.variables?.(server.port) ?? {},
});

function kafkaEntry(name: string, kind: string, port: number, count: number): StackEntry {
  const servers = kafkaServers(kind, port, count);
  return { name, servers, variables: { KAFKA_BROKERS: addresses(servers) } };
}

/** `folder` is where it will run: the certificates lie there. */
export function secureKafka(port: number, folder: string): StackServer {
  const node = { id: 1, port };
  const files = { ca: `${folder}/certificates/ca.crt`, server: `${folder}/certificates/server.pem` };
  return kafkaServer({
    kind: 'kafka-secure',
    cluster: secureCluster(node, { files }),
    node,
    scram: SCRAM_USERS,
    prepare: async () => {
      await certificatesIn(folder);
    },
    settle: () => grantRights(secureListeners(port).sasl.port),
  });
}

const LOGIN = {
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
  KAFKA_SASL_USERNAME: KAFKA_USERS.service.username,
  KAFKA_SASL_PASSWORD: KAFKA_USERS.service.password,
};

/** All that there are; `folderOf` tells where each process keeps what it has. */
export const stackEntries = (folderOf: (kind: string) => string): readonly StackEntry[] => {
  const secure = secureKafka(SECURE_PORT, folderOf('kafka-secure'));
  return [
    one(redis),
    one(postgres),
    kafkaEntry('kafka', 'kafka', KAFKA_PORT, 1),
    kafkaEntry('kafka:3', 'kafka3', KAFKA3_PORT, 3),
    { name: 'kafka:secure', servers: [secure], variables: { KAFKA_BROKERS: addresses([secure]), ...LOGIN } },
    one(pulsarServer({ kind: 'pulsar', port: PULSAR_PORT })),
    one(schemaRegistry),
    one(alertmanager()),
  ];
};
