import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { findJava, ownTemporaryFolder } from './java-runtime.js';
import { answersApiVersions, untilBrokerServes } from './kafka-health.js';
import { type KafkaCluster, type KafkaNode, kafkaProperties } from './kafka-properties.js';
import { mavenJars } from './maven-jars.js';
import type { StackServer } from './stack-server.js';

const VERSION = '4.3.1';
const ARTIFACTS = [
  { group: 'org.apache.kafka', name: 'kafka_2.13', version: VERSION },
  { group: 'org.apache.kafka', name: 'kafka-tools', version: VERSION },
  // Without it the broker logs nothing.
  { group: 'org.apache.logging.log4j', name: 'log4j-slf4j-impl', version: '2.25.4' },
];
const CLUSTER_ID = 'ZGlzdHJpYnV0YXJ5LXN0YQ';
const ITS_JAVA = 17;
const HEAP = ['-Xmx512m', '-XX:+UseSerialGC'];
/** Starts sooner with the quick compiler alone; what is tested with three brokers is what happens, not how fast. */
const QUICK_START = ['-XX:TieredStopAtLevel=1'];

export interface KafkaServerOptions {
  readonly kind: string;
  readonly cluster: KafkaCluster;
  readonly node: KafkaNode;
  /** Users that the broker knows from its first start on, as StorageTool takes them. */
  readonly scram?: readonly string[];
  /** What must be there before the broker starts: certificates. */
  prepare?(folder: string): Promise<void>;
  /** Once it serves. */
  settle?(): Promise<void>;
}

/** One broker, alone or of several. It answers when a majority of the controllers is there. */
export function kafkaServer(options: KafkaServerOptions): StackServer {
  const { kind, cluster, node } = options;
  const heap = cluster.nodes.length > 1 ? [...HEAP, ...QUICK_START] : HEAP;
  return {
    kind,
    program: () => findJava(ITS_JAVA),
    port: node.port,
    healthyWithinMs: 90_000,
    prepare: async ({ folder }) => {
      await options.prepare?.(folder);
      const properties = path.join(folder, 'server.properties');
      const data = path.join(folder, 'data');
      writeFileSync(properties, kafkaProperties(cluster, node, data));
      writeFileSync(path.join(folder, 'log4j2.properties'), LOG4J);
      if (existsSync(path.join(data, 'meta.properties'))) return;
      mkdirSync(data, { recursive: true });
      const users = (options.scram ?? []).flatMap((user) => ['--add-scram', user]);
      const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties, ...users];
      const java = await findJava(ITS_JAVA);
      const { code, output } = await run(java.path, [
        ...[...HEAP, ...QUICK_START, ownTemporaryFolder(folder), '-cp', await classPath()],
        ...format,
      ]);
      if (code !== 0) throw new Error(`Kafka could not format its storage: ${output.slice(-2_000)}`);
    },
    arguments: async ({ folder }) => [
      ...[...heap, ownTemporaryFolder(folder)],
      `-Dlog4j2.configurationFile=${path.join(folder, 'log4j2.properties')}`,
      ...['-cp', await classPath()],
      'kafka.Kafka',
      path.join(folder, 'server.properties'),
    ],
    isHealthy: answersApiVersions,
    settle: options.settle,
    url: (port) => `127.0.0.1:${port}`,
  };
}

const classPath = async (): Promise<string> => path.join(await mavenJars(ARTIFACTS), '*');

/** `count` brokers on ports from `port` on, two each. */
export function kafkaServers(kind: string, port: number, count: number): readonly StackServer[] {
  const nodes = Array.from({ length: count }, (_, index) => ({ id: index + 1, port: port + 2 * index }));
  return nodes.map((node) =>
    kafkaServer({
      kind: count === 1 ? kind : `${kind}-${node.id}`,
      cluster: { nodes },
      node,
      settle: () => untilBrokerServes(`127.0.0.1:${node.port}`, node.id),
    }),
  );
}

export const portsOfKafka = (count: number): number => 2 * count;

const LOG4J = `rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
`;
