import { randomUUID } from 'node:crypto';
import { type Clock, type Metrics, noMetrics } from '@distributary/distribution-core';
import { Writer } from '@platformatic/kafka';
import { ProduceCourier } from '../append/produce-courier.js';
import type { WriterParts } from '../append/lane-writer.js';
import { topicNotFound } from '../kafka.errors.js';
import { KafkaMetrics } from '../kafka-metrics.js';
import { RecordWriter } from '../records/record-writer.js';
import { readHead } from '../records/record-batch.js';
import type { BrokerConnection, RawRequest } from '../wire/broker-connection.js';
import { ByteReader } from '../wire/byte-reader.js';
import type { Cluster } from '../wire/cluster.js';
import type { ClusterView, KafkaTopic } from '../wire/metadata.js';
import { Retrying } from '../wire/retrying.js';
import { ids, systemClock } from './kafka-harness.js';

type Answer = (request: Buffer) => unknown;

export interface ProducedBatch {
  readonly epoch: string;
  readonly partition: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly sequence: number;
  readonly count: number;
  readonly transactionalId: string | null;
}

/**
 * A cluster whose brokers say what a test told them to, by the name of the request: answers in the order in which they
 * were given, the last one again and again. An `Error` is a connection that was lost.
 */
export class FakeCluster {
  readonly asked: string[] = [];
  readonly topics = new Map<string, KafkaTopic>();
  private readonly answers = new Map<string, Answer[]>();

  /** For what takes the real one. */
  get cluster(): Cluster {
    return this as unknown as Cluster;
  }

  withTopic(name: string, partitions = 1, epoch: string = epochOfTest()): this {
    const led = Array.from({ length: partitions }, () => ({ leader: 1, leaderEpoch: 0 }));
    this.topics.set(name, { name, epoch, isInternal: false, partitions: led });
    return this;
  }

  on(name: string, ...answers: readonly (Answer | object)[]): this {
    const made = answers.map((answer): Answer => (typeof answer === 'function' ? (answer as Answer) : () => answer));
    this.answers.set(name, made);
    return this;
  }

  topic(name: string): Promise<KafkaTopic> {
    return this.freshTopic(name);
  }

  freshTopic(name: string): Promise<KafkaTopic> {
    const topic = this.topics.get(name);
    return topic === undefined ? Promise.reject(topicNotFound(name)) : Promise.resolve(topic);
  }

  findTopic(name: string): Promise<KafkaTopic | undefined> {
    return Promise.resolve(this.topics.get(name));
  }

  view(): Promise<ClusterView> {
    return Promise.resolve({ topics: [...this.topics.values()], brokers: new Map() });
  }

  forget(): void {}
  forgetCoordinator(): void {}

  node(): BrokerConnection {
    const ask = (what: string) => this.answer(what, Buffer.alloc(0));
    const request = (raw: RawRequest<unknown>) => this.answer(raw.name, raw.write(Writer.create()).buffer);
    return { ask, request } as unknown as BrokerConnection;
  }

  anyBroker(): Promise<BrokerConnection> {
    return Promise.resolve(this.node());
  }

  allBrokers(): Promise<readonly BrokerConnection[]> {
    return Promise.resolve([this.node()]);
  }

  coordinator(): Promise<BrokerConnection> {
    return this.anyBroker();
  }

  private async answer(name: string, request: Buffer): Promise<unknown> {
    this.asked.push(name);
    // As over a wire: never in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    const answers = this.answers.get(name) ?? [];
    const answer = answers.length > 1 ? (answers.shift() as Answer) : answers[0];
    if (answer === undefined) throw new Error(`no answer was given for ${name}`);
    const result = answer(request);
    if (result instanceof Error) throw result;
    return result;
  }
}

/** What a produce request of version 13 asks for. */
export function produced(request: Buffer): ProducedBatch[] {
  const reader = new ByteReader(request);
  const transactionalId = reader.compactString();
  reader.int16();
  reader.int32();
  const topics = reader.list(() => {
    const epoch = reader.uuid();
    const lanes = reader.list((): ProducedBatch => {
      const partition = reader.int32();
      const batch = reader.compactBytes();
      reader.tags();
      const head = readHead(batch, 0);
      if (head === undefined) throw new Error('the batch is cut');
      const { producerId, count } = head;
      const [producerEpoch, sequence] = [batch.readInt16BE(51), batch.readInt32BE(53)];
      return { epoch, partition, producerId, producerEpoch, sequence, count, transactionalId };
    });
    reader.tags();
    return lanes;
  });
  return topics.flat();
}

/** A broker that takes everything and numbers it; keeps what it was given. */
export function takingBroker(taken: ProducedBatch[] = [], refuse: (batch: ProducedBatch) => number = () => 0): Answer {
  const next = new Map<string, number>();
  return (request) =>
    produced(request).map((batch) => {
      const { epoch, partition, count } = batch;
      const errorCode = refuse(batch);
      const key = `${epoch}#${partition}`;
      const baseOffset = next.get(key) ?? 0;
      if (errorCode === 0) {
        taken.push(batch);
        next.set(key, baseOffset + count);
      }
      return { epoch, partition, errorCode, errorMessage: null, baseOffset };
    });
}

export function fakeParts(
  fake: FakeCluster,
  timeoutMs = 300,
  clock: Clock = systemClock,
  figures: Metrics = noMetrics,
): WriterParts {
  const metrics = new KafkaMetrics(figures);
  return {
    cluster: fake.cluster,
    clock,
    retrying: new Retrying(clock, ids, metrics, new AbortController().signal),
    courier: new ProduceCourier(fake.cluster, clock, metrics, 1_000),
    records: new RecordWriter(),
    metrics,
    compression: 'none',
    timeoutMs,
    kafkaName: (topic) => topic,
  };
}

const epochOfTest = (): string => Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
