import { setImmediate as nextTurn } from 'node:timers/promises';
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
import { DistributionError, noMetrics } from '@distributary/distribution-core';
import { AppendQueue } from './append-queue.js';
import { Doorbell } from './doorbell.js';
import { EmbeddedMetrics } from './embedded-metrics.js';
import { unavailable } from './embedded.errors.js';
import { checkGroupName, readGroupPositions, removeGroup } from './group-positions.js';
import { LaneReader } from './lane-reader.js';
import { positionBefore, readLaneState } from './lane-state.js';
import { LaneWaiters } from './lane-waiters.js';
import { LmdbStore } from './lmdb-store.js';
import { RetentionSweeper } from './retention-sweeper.js';
import { TopicTable } from './topic-table.js';

export interface EmbeddedLogOptions {
  /** Made if it is not there. Local disk only: the store maps its file into memory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  /**
   * `fsync` (default): an append is acknowledged and visible when it is on disk; survives a loss of power.
   * `commit`: acknowledged when it is with the operating system; survives a crash of any process, not a loss of power.
   * All processes of a directory must use the same.
   */
  readonly sync?: 'fsync' | 'commit';
  /** Records of the whole directory may take this much; then appends reject with `broker.unavailable`. */
  readonly mapSizeBytes?: number;
  /**
   * Appends leave this much free on the disk, and reject with `broker.unavailable` before: the store may end the process
   * when a great transaction meets a disk without any room.
   */
  readonly minFreeDiskBytes?: number;
  /** Bytes given to `append` and not yet acknowledged; then appends reject with `ingest.busy`. */
  readonly maxInFlightBytes?: number;
  /** Of one event's value. */
  readonly maxRecordBytes?: number;
  /** How often what is due is removed. */
  readonly retentionCheckMs?: number;
  readonly metrics?: Metrics;
}

const DEFAULT_MAX_STORED_BYTES = 256 * 1024 ** 3;
const DEFAULT_MIN_FREE_DISK_BYTES = 16 * 1024 ** 2;
const DEFAULT_MAX_IN_FLIGHT_BYTES = 64 * 1024 ** 2;
const DEFAULT_MAX_RECORD_BYTES = 1024 ** 2;
const DEFAULT_RETENTION_CHECK_MS = 5000;
const DEFAULT_TAIL_BATCH_BYTES = 256 * 1024;
/** Tails look for themselves this often, in case a ring of another process was lost. */
const LOOK_MS = 1000;

/** The {@link Log} on a directory of this machine. Any number of its processes may append and tail at the same time. */
export class EmbeddedLog implements Log {
  readonly transactions = true;
  private readonly topics: TopicTable;
  private readonly reader: LaneReader;
  private readonly queue: AppendQueue;
  private readonly sweeper: RetentionSweeper;
  private readonly bell: Doorbell;
  private readonly waiters = new LaneWaiters();
  private readonly closing = new AbortController();
  private cancelLook: () => void = () => undefined;
  private closed: Promise<void> | undefined;

  /** `internal` if the directory holds another format, `broker.unavailable` if it cannot be used. */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const { directory, clock, sync = 'fsync' } = options;
    let store: LmdbStore | undefined;
    try {
      store = new LmdbStore({ directory, clock, sync });
      return new EmbeddedLog(store, options);
    } catch (error) {
      await store?.close();
      if (error instanceof DistributionError) throw error;
      throw unavailable(`cannot open the embedded log in ${directory}: ${String(error)}`, error);
    }
  }

  private constructor(
    private readonly store: LmdbStore,
    private readonly options: EmbeddedLogOptions,
  ) {
    const { clock, ids, directory } = options;
    const metrics = new EmbeddedMetrics(options.metrics ?? noMetrics);
    this.topics = new TopicTable(store, ids);
    this.reader = new LaneReader(store, this.topics, metrics);
    const limits = {
      maxInFlightBytes: options.maxInFlightBytes ?? DEFAULT_MAX_IN_FLIGHT_BYTES,
      maxRecordBytes: options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
      maxStoredBytes: options.mapSizeBytes ?? DEFAULT_MAX_STORED_BYTES,
      minFreeDiskBytes: options.minFreeDiskBytes ?? DEFAULT_MIN_FREE_DISK_BYTES,
    };
    this.queue = new AppendQueue(store, this.topics, limits, clock, metrics, (laneIds) => {
      for (const laneId of laneIds) this.waiters.wake(laneId);
      if (laneIds.length > 0) this.bell.ring();
    });
    this.bell = new Doorbell(directory, ids.uuid(), () => this.look());
    const checkMs = options.retentionCheckMs ?? DEFAULT_RETENTION_CHECK_MS;
    this.sweeper = new RetentionSweeper(store, this.topics, clock, metrics, checkMs);
    this.lookNowAndThen();
  }

  async createTopic(name: string, partitions: number, retention: Retention): Promise<LogTopic> {
    this.checkOpen();
    return plain(await this.store.write(() => this.topics.create(name, partitions, retention)));
  }

  async deleteTopic(name: string): Promise<void> {
    this.checkOpen();
    await this.store.write(() => this.topics.delete(name));
    this.waiters.wakeAll();
    this.bell.ring();
    this.sweeper.sweepSoon();
  }

  async setRetention(name: string, retention: Retention): Promise<void> {
    this.checkOpen();
    await this.store.write(() => this.topics.setRetention(name, retention));
    this.sweeper.sweepSoon();
  }

  async listTopics(): Promise<readonly LogTopic[]> {
    this.checkOpen();
    return this.store.read(() => this.topics.list().map(plain));
  }

  async ends(topic: string): Promise<readonly LaneEnds[]> {
    this.checkOpen();
    return this.store.read(() =>
      this.topics.find(topic).lanes.map(({ laneId, partition, epoch }) => {
        const { first, next, bytes } = readLaneState(this.store, laneId);
        const ends = { beforeFirst: positionBefore(first), last: positionBefore(next) };
        return { lane: { topic, partition, epoch }, ...ends, events: next - first, bytes };
      }),
    );
  }

  async append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> {
    this.checkOpen();
    if (commit !== undefined) checkGroupName(commit.group);
    return this.queue.append(appends, commit);
  }

  async *tail(
    start: TailStart,
    options: { readonly signal: AbortSignal; readonly maxBatchBytes?: number },
  ): AsyncGenerator<EventBatch, void, void> {
    this.checkOpen();
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    const maxBytes = options.maxBatchBytes ?? DEFAULT_TAIL_BATCH_BYTES;
    if (signal.aborted) return;
    const place = this.reader.open(start);
    for (;;) {
      const batches = this.reader.next(place, maxBytes);
      let bytes = 0;
      for (const batch of batches) {
        bytes += batch.bytesOf(0, batch.count);
        yield batch;
        if (signal.aborted) return;
      }
      if (batches.length === 0) await this.waiters.wait(place.lane.laneId, place.offset, signal);
      // There is more, and reading it takes no time that others could have.
      else if (bytes > maxBytes / 2) await nextTurn();
      if (signal.aborted) return;
    }
  }

  async read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    this.checkOpen();
    return this.reader.next(this.reader.open(start), maxBytes);
  }

  async seek(topic: string, partition: number, timeMicros: number): Promise<Position> {
    this.checkOpen();
    return this.reader.seek(topic, partition, timeMicros);
  }

  async committed(group: string): Promise<readonly LanePosition[]> {
    this.checkOpen();
    return this.store.read(() => readGroupPositions(this.store, group));
  }

  async commit(commit: GroupCommit): Promise<void> {
    await this.append([], commit);
  }

  async deleteGroup(group: string): Promise<void> {
    this.checkOpen();
    await this.store.write(() => removeGroup(this.store, group));
  }

  /** Removes what retention no longer keeps now, instead of at the next check. */
  async enforceRetention(): Promise<void> {
    this.checkOpen();
    await this.sweeper.sweepNow();
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    this.closing.abort();
    this.cancelLook();
    await this.queue.drained();
    await this.sweeper.stop();
    this.bell.close();
    await this.store.close();
  }

  private checkOpen(): void {
    if (this.closing.signal.aborted) throw unavailable('the embedded log is closed');
  }

  /** Wakes the tails for which another process has done something. */
  private look(): void {
    if (this.closing.signal.aborted) return;
    this.store.read(() => {
      if (this.topics.haveChanged()) this.waiters.wakeAll();
      else this.waiters.wakeIf((laneId, offset) => readLaneState(this.store, laneId).next > offset);
    });
  }

  private lookNowAndThen(): void {
    this.cancelLook = this.options.clock.after(LOOK_MS, () => {
      this.look();
      this.lookNowAndThen();
    });
  }
}

function plain({ name, partitions, retention, lanes }: LogTopic): LogTopic {
  const bare = lanes.map(({ topic, partition, epoch }) => ({ topic, partition, epoch }));
  return { name, partitions, retention, lanes: bare };
}
