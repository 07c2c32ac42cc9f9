import { type Connection, findCoordinatorV6 } from '@platformatic/kafka';
import { KAFKA, kafkaError, topicNotFound, unavailable } from '../kafka.errors.js';
import { type BrokerAddress, BrokerConnection, type ConnectionSettings } from './broker-connection.js';
import { checkFeatures, featuresRequest } from './broker-features.js';
import { askMetadata, type ClusterView, type KafkaTopic } from './metadata.js';

/** What a connection is for. A broker answers one connection's requests in turn, so waiting ones do not share. */
export type Purpose = 'control' | 'produce' | 'read' | `transaction-${number}` | `fetch-${number}`;

type CoordinatorKind = 'group' | 'transaction';
const COORDINATOR_KINDS: Readonly<Record<CoordinatorKind, number>> = { group: 0, transaction: 1 };
/** Beyond it the oldest are forgotten and asked for again when they are wanted. */
const MAX_KNOWN_TOPICS = 10_000;
const MAX_KNOWN_COORDINATORS = 10_000;

/** Who leads what, and the connections to them. Knowledge is kept until something shows that it is out of date. */
export class Cluster {
  private brokers: ReadonlyMap<number, BrokerAddress> = new Map();
  private readonly topics = new Map<string, KafkaTopic>();
  private readonly coordinators = new Map<string, number>();
  private readonly connections = new Map<string, BrokerConnection>();
  /** When each address failed last, in the order of failures. One that hangs takes connections, and is asked last. */
  private readonly failures = new Map<string, number>();
  private failureCount = 0;
  private readonly asked = new Map<string, Promise<KafkaTopic | undefined>>();
  private isClosed = false;

  constructor(
    private readonly bootstrap: readonly BrokerAddress[],
    private readonly settings: ConnectionSettings,
  ) {}

  /** What is known, or `topic.not_found` after having asked. */
  async topic(name: string): Promise<KafkaTopic> {
    return this.topics.get(name) ?? this.freshTopic(name);
  }

  known(name: string): KafkaTopic | undefined {
    return this.topics.get(name);
  }

  async freshTopic(name: string): Promise<KafkaTopic> {
    const topic = await this.findTopic(name);
    if (topic === undefined) throw topicNotFound(name);
    return topic;
  }

  /** Asks; those who ask at the same moment share the answer. */
  findTopic(name: string): Promise<KafkaTopic | undefined> {
    const asked = this.asked.get(name);
    if (asked !== undefined) return asked;
    const asking = this.view([name])
      .then(({ topics }) => {
        const topic = topics.find((each) => each.name === name);
        if (topic === undefined) this.topics.delete(name);
        return topic;
      })
      .finally(() => this.asked.delete(name));
    this.asked.set(name, asking);
    return asking;
  }

  /** Of all topics without a list. */
  async view(names?: readonly string[]): Promise<ClusterView> {
    const view = await askMetadata(await this.anyBroker(), names);
    if (view.brokers.size > 0) this.brokers = view.brokers;
    for (const topic of view.topics) {
      // Deleted first, so that what was asked for last is forgotten last.
      this.topics.delete(topic.name);
      this.topics.set(topic.name, topic);
    }
    forgetOldest(this.topics, MAX_KNOWN_TOPICS);
    return view;
  }

  /** `broker.unavailable` if the cluster is too old. */
  async checkFeatures(): Promise<void> {
    const broker = await this.anyBroker();
    checkFeatures(await broker.request(featuresRequest));
  }

  forget(name: string): void {
    this.topics.delete(name);
  }

  /** A broker that answers, for what any of them can do. */
  async anyBroker(): Promise<BrokerConnection> {
    let last: unknown = unavailable('no broker of Kafka is known');
    for (const address of this.byFailure()) {
      const connection = this.connect(address, 'control');
      try {
        await connection.ready();
        return connection;
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  /** Every broker that is known; asks if none is. */
  async allBrokers(): Promise<readonly BrokerConnection[]> {
    if (this.brokers.size === 0) await this.view([]);
    return [...this.brokers.values()].map((address) => this.connect(address, 'control'));
  }

  node(id: number, purpose: Purpose): BrokerConnection {
    const address = this.brokers.get(id);
    if (address === undefined) throw kafkaError(KAFKA.leaderNotAvailable, `find broker ${id}`);
    return this.connect(address, purpose);
  }

  async coordinator(kind: CoordinatorKind, key: string, purpose: Purpose = 'control'): Promise<BrokerConnection> {
    const known = this.coordinators.get(`${kind} ${key}`);
    const id = known ?? (await this.findCoordinator(kind, key));
    return this.node(id, purpose);
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.coordinators.delete(`${kind} ${key}`);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.connections.values()].map((connection) => connection.close()));
    this.connections.clear();
  }

  private async findCoordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const broker = await this.anyBroker();
    const answer = await broker.ask<findCoordinatorV6.FindCoordinatorResponse>(
      'find coordinator',
      (connection: Connection, done) => findCoordinatorV6.api(connection, COORDINATOR_KINDS[kind], [key], done),
    );
    const [{ errorCode, errorMessage, nodeId, host, port }] = answer.coordinators;
    if (errorCode !== KAFKA.none) throw kafkaError(errorCode, `find the coordinator of ${key}`, errorMessage);
    this.brokers = new Map(this.brokers).set(nodeId, { host, port });
    this.coordinators.set(`${kind} ${key}`, nodeId);
    forgetOldest(this.coordinators, MAX_KNOWN_COORDINATORS);
    return nodeId;
  }

  private byFailure(): BrokerAddress[] {
    const failedAt = ({ host, port }: BrokerAddress) => this.failures.get(`${host}:${port}`) ?? 0;
    return [...this.brokers.values(), ...this.bootstrap].sort((one, other) => failedAt(one) - failedAt(other));
  }

  private connect({ host, port }: BrokerAddress, purpose: Purpose): BrokerConnection {
    if (this.isClosed) throw unavailable('the Kafka log is closed');
    const key = `${purpose} ${host}:${port}`;
    const present = this.connections.get(key);
    if (present?.isUsable) return present;
    const connection = new BrokerConnection({ host, port }, this.settings, () => {
      this.failures.set(`${host}:${port}`, ++this.failureCount);
    });
    this.connections.set(key, connection);
    return connection;
  }
}

/** `host:port` pairs; a host without a port gets Kafka's own. */
export function brokerAddress(text: string): BrokerAddress {
  const [, host, port = '9092'] = /^(.*?)(?::(\d+))?$/.exec(text.trim()) as RegExpExecArray;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function forgetOldest(known: Map<string, unknown>, limit: number): void {
  for (const key of known.keys()) {
    if (known.size <= limit) return;
    known.delete(key);
  }
}
