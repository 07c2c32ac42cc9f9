import type {
  Appended,
  Clock,
  EventBatch,
  GroupCommit,
  IdSource,
  LaneAppend,
  LaneEnds,
  LanePosition,
  Log,
  LogTopic,
  Metrics,
  Position,
  Retention,
  TailStart,
} from '@distributary/distribution-core';
import { BEFORE_FIRST, noMetrics } from '@distributary/distribution-core';
import { AbandonedTransactions } from './append/abandoned-transactions.js';
import { AppendQueue } from './append/append-queue.js';
import { ProduceCourier } from './append/produce-courier.js';
import { Transactions } from './append/transactions.js';
import { unavailable } from './kafka.errors.js';
import { KafkaMetrics } from './kafka-metrics.js';
import { Fetcher } from './read/fetcher.js';
import { LaneEndFinder } from './read/lane-ends.js';
import { LaneOffsets } from './read/lane-offsets.js';
import { LaneFinder, type ReadPlace } from './read/lane-place.js';
import { LaneReader } from './read/lane-reader.js';
import { PendingVisibility } from './read/pending-visibility.js';
import type { Compression } from './records/codecs.js';
import { decodeForeign, type ForeignDecoder } from './records/foreign-record.js';
import { RecordWriter } from './records/record-writer.js';
import { GroupPositions } from './topics/group-positions.js';
import { LaneSizes } from './topics/lane-sizes.js';
import { TopicAdmin } from './topics/topic-admin.js';
import { KafkaNames } from './topics/topic-names.js';
import type { ConnectionSettings } from './wire/broker-connection.js';
import { brokerAddress, Cluster } from './wire/cluster.js';
import { Retrying } from './wire/retrying.js';

export interface KafkaLogOptions {
  /** To begin with, `host:port`; the others are learnt from them. */
  readonly brokers: readonly string[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly clientId?: string;
  /** Login and TLS, as the client library takes them. */
  readonly security?: Pick<ConnectionSettings['options'], 'sasl' | 'tls' | 'tlsServerName'>;
  /** Before the names of all topics, groups and transactional ids. */
  readonly prefix?: string;
  /** Names this process among those of its kind, so that its successor ends what it left open. Default: a new name. */
  readonly instance?: string;
  /** -1: as the cluster has it. */
  readonly replicationFactor?: number;
  readonly minInsyncReplicas?: number;
  readonly compression?: Compression;
  /** Bytes given to `append` and not yet acknowledged; then appends reject with `ingest.busy`. */
  readonly maxInFlightBytes?: number;
  /** Of one event's value. */
  readonly maxRecordBytes?: number;
  /** Transactions under way at a time. */
  readonly transactionSlots?: number;
  /** How long a call is tried before it rejects with `broker.unavailable`, an append from its call on; tails wait for as long as it takes. */
  readonly timeoutMs?: number;
  /** Within it a broker must answer a request, or its connection is given up. */
  readonly requestTimeoutMs?: number;
  /** How records are read that others wrote. */
  readonly decodeForeign?: ForeignDecoder;
  readonly metrics?: Metrics;
}

const DEFAULTS = {
  clientId: 'distributary',
  prefix: '',
  replicationFactor: -1,
  compression: 'none',
  maxInFlightBytes: 64 * 1024 ** 2,
  maxRecordBytes: 1024 ** 2,
  transactionSlots: 4,
  timeoutMs: 15_000,
  requestTimeoutMs: 5_000,
} as const;
const CONNECT_TIMEOUT_MS = 3_000;
const DEFAULT_TAIL_BATCH_BYTES = 256 * 1024;
/** For this long, asking for the end of a lane waits for what this process has just committed. */
const VISIBLE_WITHIN_MS = 1_000;
const LOOK_AGAIN_MS = 2;

/** The {@link Log} on Kafka 4.1 or later with transaction version 2. */
export class KafkaLog implements Log {
  readonly transactions = true;
  private readonly cluster: Cluster;
  private readonly names: KafkaNames;
  private readonly retrying: Retrying;
  private readonly topics: TopicAdmin;
  private readonly positions: GroupPositions;
  private readonly sizes: LaneSizes;
  private readonly finder: LaneFinder;
  private readonly laneEnds: LaneEndFinder;
  private readonly offsets: LaneOffsets;
  private readonly reader: LaneReader;
  private readonly transacting: Transactions;
  private readonly abandoned: AbandonedTransactions;
  private readonly queue: AppendQueue;
  private readonly pending = new PendingVisibility();
  private readonly closing = new AbortController();
  private readonly timeoutMs: number;
  private closed: Promise<void> | undefined;

  /** `broker.unavailable` if no broker answers in time, or if it is too old. */
  static async open(options: KafkaLogOptions): Promise<KafkaLog> {
    const log = new KafkaLog(options);
    try {
      await log.retrying.within(log.timeoutMs, async () => {
        await log.cluster.checkFeatures();
        // A broker tells anybody what it can do; only who may use it is told more.
        await log.cluster.view([]);
      });
      if (options.instance !== undefined) await log.transacting.takeOver();
      log.abandoned.start();
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor(private readonly options: KafkaLogOptions) {
    const { clock, ids } = options;
    const { clientId, prefix, compression, maxRecordBytes, maxInFlightBytes, timeoutMs, ...rest } = {
      ...DEFAULTS,
      ...withoutUndefined(options),
    };
    const { requestTimeoutMs, transactionSlots, replicationFactor, minInsyncReplicas, security = {} } = rest;
    const metrics = new KafkaMetrics(options.metrics ?? noMetrics);
    const connection = { ...security, connectTimeout: CONNECT_TIMEOUT_MS, requestTimeout: requestTimeoutMs };
    this.timeoutMs = timeoutMs;
    this.cluster = new Cluster(options.brokers.map(brokerAddress), { clientId, options: connection });
    this.names = new KafkaNames(prefix);
    this.retrying = new Retrying(clock, ids, metrics, this.closing.signal);
    const { cluster, names, retrying } = this;
    const kafkaName = (topic: string) => names.topic(topic);
    const admin = { timeoutMs, replicationFactor, minInsyncReplicas, maxRecordBytes };
    this.topics = new TopicAdmin(cluster, names, retrying, admin);
    this.positions = new GroupPositions(cluster, names, retrying, timeoutMs);
    this.sizes = new LaneSizes(cluster);
    const fetcher = new Fetcher(cluster);
    this.offsets = new LaneOffsets(cluster, kafkaName);
    this.finder = new LaneFinder(cluster, names);
    this.laneEnds = new LaneEndFinder(this.offsets, fetcher);
    this.reader = new LaneReader({
      finder: this.finder,
      fetcher,
      offsets: this.offsets,
      retrying,
      metrics,
      decode: options.decodeForeign ?? decodeForeign,
      timeoutMs,
    });
    const writerClosed = new AbortController();
    const parts = {
      cluster,
      clock,
      // Appends that were taken are finished while the log closes.
      retrying: new Retrying(clock, ids, metrics, writerClosed.signal),
      courier: new ProduceCourier(cluster, clock, metrics, requestTimeoutMs),
      records: new RecordWriter(),
      metrics,
      compression,
      timeoutMs,
      kafkaName,
    };
    this.transacting = new Transactions({
      parts,
      names,
      positions: new GroupPositions(cluster, names, parts.retrying, timeoutMs),
      instance: rest.instance ?? ids.uuid(),
      newInstance: () => ids.uuid(),
      slots: transactionSlots,
      requestTimeoutMs,
      onCommitted: (appended, commits) => {
        this.pending.committed(appended);
        for (const commit of commits) this.positions.expect(commit);
      },
    });
    this.abandoned = new AbandonedTransactions({
      cluster,
      names,
      ids,
      retrying,
      metrics,
      closing: this.closing.signal,
    });
    this.queue = new AppendQueue(parts, this.transacting, { maxInFlightBytes, maxRecordBytes }, metrics);
  }

  async createTopic(name: string, partitions: number, retention: Retention): Promise<LogTopic> {
    this.checkOpen();
    return this.topics.create(name, partitions, retention);
  }

  async deleteTopic(name: string): Promise<void> {
    this.checkOpen();
    await this.topics.delete(name);
  }

  async setRetention(name: string, retention: Retention): Promise<void> {
    this.checkOpen();
    await this.topics.setRetention(name, retention);
  }

  async listTopics(): Promise<readonly LogTopic[]> {
    this.checkOpen();
    return this.topics.list();
  }

  async ends(topic: string): Promise<readonly LaneEnds[]> {
    this.checkOpen();
    return this.retrying.within(this.timeoutMs, async () => {
      const found = await this.cluster.freshTopic(this.names.topic(topic));
      const sizes = await this.sizes.of(found);
      return Promise.all(
        found.partitions.map(async (led, partition) => {
          const place = { lane: { topic, partition, epoch: found.epoch }, offset: 0, ...led };
          await this.seen(place);
          return this.laneEnds.ends(place, sizes.get(partition) ?? 0);
        }),
      );
    });
  }

  async append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> {
    this.checkOpen();
    if (appends.length > 0) return this.queue.append(appends, commit);
    if (commit !== undefined) await this.positions.commit(commit);
    return [];
  }

  async *tail(
    start: TailStart,
    options: { readonly signal: AbortSignal; readonly maxBatchBytes?: number },
  ): AsyncGenerator<EventBatch, void, void> {
    this.checkOpen();
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    yield* this.reader.tail(start, options.maxBatchBytes ?? DEFAULT_TAIL_BATCH_BYTES, signal);
  }

  async read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    this.checkOpen();
    const batches = await this.reader.read(start, maxBytes);
    if (batches.length > 0) return batches;
    const place = await this.finder.open(start);
    if (!this.pending.isBehind(place.lane, place.offset)) return batches;
    await this.seen(place);
    return this.reader.read(start, maxBytes);
  }

  async seek(topic: string, partition: number, timeMicros: number): Promise<Position> {
    this.checkOpen();
    return this.retrying.within(this.timeoutMs, async () => {
      const place = await this.finder.open({ topic, partition, after: BEFORE_FIRST });
      await this.finder.refresh(place);
      await this.seen(place);
      return this.laneEnds.seek(place, timeMicros);
    });
  }

  async committed(group: string): Promise<readonly LanePosition[]> {
    this.checkOpen();
    return this.positions.committed(group);
  }

  async commit(commit: GroupCommit): Promise<void> {
    this.checkOpen();
    await this.positions.commit(commit);
  }

  async deleteGroup(group: string): Promise<void> {
    this.checkOpen();
    await this.positions.delete(group);
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    this.closing.abort();
    await this.queue.drained();
    await this.cluster.close();
    await this.abandoned.stopped();
  }

  private checkOpen(): void {
    if (this.closing.signal.aborted) throw unavailable('the Kafka log is closed');
  }

  /** Until readers see what this process has committed there; not for long, since others may hold the lane open. */
  private async seen(place: ReadPlace): Promise<void> {
    const { clock } = this.options;
    const endMs = clock.monotonicMs() + VISIBLE_WITHIN_MS;
    while (this.pending.isBehind(place.lane, 0)) {
      const { end } = await this.offsets.range(place, 'committed');
      if (!this.pending.isBehind(place.lane, end) || clock.monotonicMs() > endMs) this.pending.seen(place.lane);
      else await this.retrying.wait(LOOK_AGAIN_MS);
    }
  }
}

/** An option that is given as undefined has its default. */
function withoutUndefined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}
