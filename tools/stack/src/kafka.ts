import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { run } from './command.js';
import { findJava } from './java-runtime.js';
import { mavenJars } from './maven-jars.js';
import type { ServerPlace, StackServer } from './stack-server.js';

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

/** One broker that is its own controller; the controller listens on the port after the broker's. */
export const kafka: StackServer = {
  kind: 'kafka',
  program: () => findJava(ITS_JAVA),
  port: 19_092,
  ports: 2,
  healthyWithinMs: 60_000,
  prepare: async (place) => {
    const jars = await mavenJars(ARTIFACTS);
    const properties = path.join(place.folder, 'server.properties');
    const data = path.join(place.folder, 'data');
    writeFileSync(properties, propertiesOf(place, data));
    writeFileSync(path.join(place.folder, 'log4j2.properties'), LOG4J);
    if (existsSync(path.join(data, 'meta.properties'))) return;
    mkdirSync(data, { recursive: true });
    const { code, output } = await run('java', [
      ...HEAP,
      '-cp',
      path.join(jars, '*'),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      properties,
    ]);
    if (code !== 0) throw new Error(`Kafka could not format its storage: ${output.slice(-2_000)}`);
  },
  arguments: async ({ folder }) => [
    ...HEAP,
    `-Dlog4j2.configurationFile=${path.join(folder, 'log4j2.properties')}`,
    '-cp',
    path.join(await mavenJars(ARTIFACTS), '*'),
    'kafka.Kafka',
    path.join(folder, 'server.properties'),
  ],
  isHealthy: answersApiVersions,
  url: (port) => `127.0.0.1:${port}`,
  variables: (port) => ({ KAFKA_BROKERS: `127.0.0.1:${port}` }),
};

const propertiesOf = ({ port }: ServerPlace, data: string): string => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${port + 1}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${data}
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=3
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
`;

const LOG4J = `rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
`;

/** ApiVersions, version 0: the first thing that a client asks, answered as soon as the broker takes requests. */
function answersApiVersions(port: number): Promise<boolean> {
  const request = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: 1_000 });
    socket.once('connect', () => socket.write(request));
    socket.once('data', (answer) => {
      socket.destroy();
      // Correlation id 1, error code 0.
      resolve(answer.length >= 10 && answer.readInt32BE(4) === 1 && answer.readInt16BE(8) === 0);
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
  });
}
