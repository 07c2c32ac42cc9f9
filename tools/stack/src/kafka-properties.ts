/** One broker of a cluster: it is a controller too, on the port after its own. */
export interface KafkaNode {
  readonly id: number;
  readonly port: number;
}

export interface KafkaListener {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
}

export interface KafkaCluster {
  readonly nodes: readonly KafkaNode[];
  /** Beside PLAINTEXT; if there are any, the first one stands in its place. */
  readonly listeners?: readonly KafkaListener[];
  /** More lines of the file: who may come in, and what for. */
  readonly security?: Readonly<Record<string, string>>;
}

/**
 * Past this a broker that is gone is no leader any more. Kafka's own is 9 s; if the broker was the controller too, the
 * next one begins to count anew, so that 10 s in all take a half of that.
 */
const FENCED_AFTER_MS = 4_000;

export const controllerPort = ({ port }: KafkaNode): number => port + 1;

/** The text of server.properties of one node. */
export function kafkaProperties(cluster: KafkaCluster, node: KafkaNode, dataFolder: string): string {
  const copies = Math.min(cluster.nodes.length, 3);
  const inSync = Math.max(1, copies - 1);
  const listeners = cluster.listeners ?? [{ name: 'PLAINTEXT', port: node.port, protocol: 'PLAINTEXT' as const }];
  const addresses = listeners.map(({ name, port }) => `${name}://127.0.0.1:${port}`);
  const lines: Readonly<Record<string, string | number | boolean>> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': cluster.nodes.map((one) => `${one.id}@127.0.0.1:${controllerPort(one)}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: [...addresses, `CONTROLLER://127.0.0.1:${controllerPort(node)}`].join(','),
    'advertised.listeners': addresses.join(','),
    'inter.broker.listener.name': listeners[0].name,
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT',
      ...listeners.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    'log.dirs': dataFolder,
    'num.partitions': 1,
    'default.replication.factor': copies,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 3,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 3,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    'broker.session.timeout.ms': FENCED_AFTER_MS,
    'broker.heartbeat.interval.ms': 1_000,
    ...cluster.security,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
