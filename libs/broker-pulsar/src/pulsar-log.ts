import type {
  Appended,
  Clock,
  CompetingSource,
  EventBatch,
  GroupCommit,
  IdSource,
  Lane,
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
import { invalidRequest, noMetrics, Retrying } from '@distributary/distribution-core';
import { AppendQueue } from './append/append-queue.js';
import { type Compression, ProducerSockets } from './append/producer-socket.js';
import { isTransient, topicNotFound, unavailable } from './pulsar.errors.js';
import { PulsarMetrics } from './pulsar-metrics.js';
import { LaneEndFinder } from './read/lane-end.js';
import { LaneFinder } from './read/lane-place.js';
import { LaneReader } from './read/lane-reader.js';
import { LaneSeeker } from './read/lane-seeker.js';
import { PulsarSubscriptions } from './queue/pulsar-subscriptions.js';
import { ReaderSockets } from './read/reader-socket.js';
import { UnreadEntries } from './read/unread-entries.js';
import { GroupPositions } from './topics/group-positions.js';
import { KeptPromises } from './topics/kept-promises.js';
import { LaneStatsFinder } from './topics/lane-stats.js';
import { openNamespace } from './topics/namespace.js';
import { PulsarNames } from './topics/pulsar-names.js';
import { TopicAdmin } from './topics/topic-admin.js';
import { TopicDirectory } from './topics/topic-directory.js';
import { PulsarWeb } from './wire/pulsar-web.js';

export interface PulsarLogOptions {
  /** Of the web service: `http://host:port`, or `https://host:port`. */
  readonly url: string;
  /** Of its admin API, if that is another server than the one of its WebSocket API. */
  readonly adminUrl?: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly tenant?: string;
  /** Made if it is not there. */
  readonly namespace?: string;
  readonly token?: string;
  /** PEM of whom to trust; without it whom Node trusts. */
  readonly ca?: Buffer;
  readonly compression?: Compression;
  /** Bytes given to `append` and not yet acknowledged; then appends reject with `ingest.busy`. */
  readonly maxInFlightBytes?: number;
  /** Of one event's value. Pulsar's `webSocketMaxTextFrameSize` must have room for it as base64. */
  readonly maxRecordBytes?: number;
  /** How long a call is tried before it rejects with `broker.unavailable`; tails wait for as long as it takes. */
  readonly timeoutMs?: number;
  /** Within it Pulsar must answer a request, or its connection is given up. */
  readonly requestTimeoutMs?: number;
  readonly metrics?: Metrics;
}

const DEFAULTS = {
  tenant: 'public',
  namespace: 'distributary',
  compression: 'lz4',
  maxInFlightBytes: 64 * 1024 ** 2,
  maxRecordBytes: 700 * 1024,
  timeoutMs: 15_000,
  requestTimeoutMs: 5_000,
} as const;
const DEFAULT_TAIL_BATCH_BYTES = 256 * 1024;
const CLOSED = 'the Pulsar log is closed';

/**
 * The {@link Log} on Pulsar 4.0, by its WebSocket API and its admin API. No transactions; nor is an append to one lane all
 * or nothing: its events are messages of their own, so that readers may see the first before the last, and a refused append
 * may have left the first of them.
 */
export class PulsarLog implements Log {
  readonly transactions = false;
  /** Pulsar's own subscriptions to topics of this log, for a queue over it. */
  readonly subscriptions: CompetingSource;
  private readonly web: PulsarWeb;
  private readonly names: PulsarNames;
  private readonly directory: TopicDirectory;
  private readonly stats: LaneStatsFinder;
  private readonly laneEnds: LaneEndFinder;
  private readonly topics: TopicAdmin;
  private readonly promises: KeptPromises;
  private readonly positions: GroupPositions;
  private readonly reader: LaneReader;
  private readonly seeker: LaneSeeker;
  private readonly queue: AppendQueue;
  private readonly retrying: Retrying;
  private readonly closing = new AbortController();
  private readonly timeoutMs: number;
  private closed: Promise<void> | undefined;

  /** `broker.unavailable` if Pulsar does not answer in time, or does not let us in. */
  static async open(options: PulsarLogOptions): Promise<PulsarLog> {
    const log = new PulsarLog(options);
    try {
      await log.retrying.within(log.timeoutMs, () => openNamespace(log.web, log.names));
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor(given: PulsarLogOptions) {
    const options = { ...DEFAULTS, ...withoutUndefined(given) };
    const { clock, ids, timeoutMs, requestTimeoutMs, maxInFlightBytes, maxRecordBytes } = options;
    const metrics = new PulsarMetrics(given.metrics ?? noMetrics);
    const retryingUntil = (closed: AbortSignal) =>
      new Retrying({ clock, ids, isTransient, closed, onRetry: () => metrics.retried(), closedMessage: CLOSED });
    this.timeoutMs = timeoutMs;
    this.web = new PulsarWeb(options);
    this.names = new PulsarNames(options.tenant, options.namespace);
    this.retrying = retryingUntil(this.closing.signal);
    const { web, names, retrying } = this;
    this.directory = new TopicDirectory(web, names, clock);
    const { directory } = this;
    this.stats = new LaneStatsFinder(web, names);
    const { stats } = this;
    this.topics = new TopicAdmin({ web, names, directory, stats, retrying, ids, timeoutMs });
    this.promises = new KeptPromises(this.topics, clock);
    this.positions = new GroupPositions(web, names, directory, retrying, timeoutMs);
    this.laneEnds = new LaneEndFinder(web, names);
    this.seeker = new LaneSeeker(web, names, stats);
    const reading = {
      ...{ finder: new LaneFinder(directory, stats), sockets: new ReaderSockets(web, names, clock) },
      ...{ ends: this.laneEnds, unread: new UnreadEntries(web, names, stats) },
      ...{ metrics, timeoutMs, requestTimeoutMs },
    };
    // Appends that were taken are finished while the log closes, and may have to look where their events are.
    const finishing = retryingUntil(new AbortController().signal);
    const writing = new LaneReader({ ...reading, retrying: finishing });
    this.reader = new LaneReader({ ...reading, retrying });
    this.subscriptions = new PulsarSubscriptions({
      web,
      names,
      clock,
      directory,
      retrying,
      metrics,
      timeoutMs,
      requestTimeoutMs,
      newConsumerName: () => `distributary-${ids.uuid()}`,
    });
    const endOf = async (lane: Lane) =>
      (await stats.of(await directory.topic(lane.topic, timeoutMs), lane.partition)).last;
    const writer = {
      lines: new ProducerSockets(web, names, options.compression),
      directory,
      retrying: finishing,
      clock,
      metrics,
      requestTimeoutMs,
      newProducerName: () => `distributary-${ids.uuid()}`,
      endOf,
      locate: async (lane: Lane, after: Position, eventIds: readonly string[]) =>
        locate(writing, lane, after, await endOf(lane), eventIds),
    };
    const limits = { maxInFlightBytes, maxRecordBytes, timeoutMs };
    this.queue = new AppendQueue(writer, clock, directory, limits, metrics);
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

  /**
   * For readiness: rejects with `broker.unavailable` unless Pulsar answers, and keeps every topic of ours for as long as it
   * promises. Costs one request; that topics are kept is asked anew every 30 s, or at once while they are not.
   */
  async check(): Promise<void> {
    this.checkOpen();
    await this.promises.check();
  }

  async ends(topic: string): Promise<readonly LaneEnds[]> {
    this.checkOpen();
    return this.retrying.within(this.timeoutMs, async () => {
      const found = await this.directory.topic(topic, 0);
      return Promise.all(
        Array.from({ length: found.partitions }, async (_, partition) => {
          const stats = await this.stats.of(found, partition);
          const { lane, beforeFirst, events, bytes } = stats;
          return { lane, beforeFirst, last: await this.laneEnds.of(found, stats), events, bytes };
        }),
      );
    });
  }

  async append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> {
    this.checkOpen();
    if (commit !== undefined) {
      throw invalidRequest([{ path: 'commit', rule: 'must not be given: this log has no transactions' }]);
    }
    return appends.length === 0 ? [] : this.queue.append(appends);
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
    return this.reader.read(start, maxBytes);
  }

  async seek(topic: string, partition: number, timeMicros: number): Promise<Position> {
    this.checkOpen();
    return this.retrying.within(this.timeoutMs, async () => {
      const found = await this.directory.topic(topic, 0);
      if (partition >= found.partitions) throw topicNotFound(`${topic}#${partition}`);
      return this.seeker.seek(found, partition, timeMicros);
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
    this.queue.close();
    this.web.close();
  }

  private checkOpen(): void {
    if (this.closing.signal.aborted) throw unavailable(CLOSED);
  }
}

const LOCATE_BYTES = 1024 ** 2;

/** Looks from `after` to `end`. An id that is named twice has the place of its first and of its second event. */
async function locate(reader: LaneReader, lane: Lane, after: Position, end: Position, eventIds: readonly string[]) {
  const { topic, partition, epoch } = lane;
  const wanted = new Map<string, number[]>();
  for (const [index, id] of eventIds.entries()) wanted.set(id, [...(wanted.get(id) ?? []), index]);
  const found = eventIds.map((): Position | undefined => undefined);
  let missing = found.length;
  for (let from = after; missing > 0 && from < end;) {
    const batches = await reader.read({ topic, partition, epoch, after: from }, LOCATE_BYTES);
    if (batches.length === 0) break;
    for (const batch of batches) {
      for (let index = 0; index < batch.count; index++) {
        const place = wanted.get(batch.eventIdAt(index))?.shift();
        if (place === undefined) continue;
        found[place] = batch.positions.at(index);
        missing--;
      }
      from = batch.lastPosition;
    }
  }
  return found;
}

/** An option that is given as undefined has its default. */
function withoutUndefined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}
