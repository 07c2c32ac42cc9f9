import type {
  Appended,
  AppendLimits,
  Clock,
  EventRecord,
  GroupCommit,
  LaneAppend,
} from '@distributary/distribution-core';
import { AppendsInFlight, DistributionError, positionOfOffset } from '@distributary/distribution-core';
import { unavailable } from './embedded.errors.js';
import type { EmbeddedMetrics } from './embedded-metrics.js';
import { putGroupPositions } from './group-positions.js';
import { EVENT_OVERHEAD_BYTES, putRecords } from './lane-records.js';
import { addTotalBytes, type LaneState, readLaneState, readTotalBytes, writeLaneState } from './lane-state.js';
import type { LmdbStore } from './lmdb-store.js';
import { trimToSize } from './retention-sweep.js';
import type { StoredLane, TopicTable } from './topic-table.js';

export interface EmbeddedLimits extends AppendLimits {
  /** Bytes of records in the whole directory. */
  readonly maxStoredBytes: number;
  /** Bytes that appends leave free on the disk. */
  readonly minFreeDiskBytes: number;
}

interface Request {
  readonly appends: readonly LaneAppend[];
  readonly commit: GroupCommit | undefined;
  readonly bytes: number;
  readonly resolve: (appended: readonly Appended[]) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = readonly Appended[] | DistributionError;

/** What one transaction adds to one lane, in the order of the requests. */
interface LaneGrowth {
  readonly lane: StoredLane;
  readonly before: LaneState;
  readonly records: EventRecord[];
}

/** The lock that all processes share is held while a group is encoded, so a group is small: a few milliseconds. */
const MAX_GROUP_BYTES = 2 * 1024 * 1024;

/**
 * Appends of this process, in the order of the calls, many to a transaction. Offsets are given inside the
 * transaction, so that processes that append to one lane never collide; what one transaction adds to a lane becomes
 * one record. One transaction is under way at a time: the order of requests does not lean on that of promises.
 */
export class AppendQueue {
  private readonly waiting: Request[] = [];
  private readonly inFlight: AppendsInFlight;
  private running: Promise<void> | undefined;

  constructor(
    private readonly store: LmdbStore,
    private readonly topics: TopicTable,
    private readonly limits: EmbeddedLimits,
    private readonly clock: Clock,
    private readonly metrics: EmbeddedMetrics,
    /** After each commit, before its appends are acknowledged. */
    private readonly onCommitted: (laneIds: readonly number[]) => void,
  ) {
    this.inFlight = new AppendsInFlight(limits, EVENT_OVERHEAD_BYTES, (bytes) => metrics.inFlight(bytes));
  }

  append(appends: readonly LaneAppend[], commit: GroupCommit | undefined): Promise<readonly Appended[]> {
    const bytes = this.inFlight.begin(appends);
    return new Promise((resolve, reject) => {
      this.waiting.push({ appends, commit, bytes, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Resolves when everything that was given has been answered. */
  async drained(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      let group: Request[] = [];
      const startedMs = this.clock.monotonicMs();
      try {
        // The group is made when the lock is ours: all that came until then goes along.
        const { outcomes, laneIds } = await this.store.write(() => {
          group = this.takeGroup();
          return this.writeGroup(group);
        });
        this.metrics.flushed(this.clock.monotonicMs() - startedMs);
        this.onCommitted(laneIds);
        group.forEach((request, index) => this.answer(request, outcomes[index]));
      } catch (error) {
        // Refused before it began (the lock was not to be had): answer what would have gone along.
        if (group.length === 0) group = this.takeGroup();
        for (const request of group) this.answer(request, error as DistributionError);
      }
    }
    this.running = undefined;
  }

  private takeGroup(): Request[] {
    let bytes = 0;
    let count = 0;
    while (count < this.waiting.length && (count === 0 || bytes + this.waiting[count].bytes <= MAX_GROUP_BYTES)) {
      bytes += this.waiting[count++].bytes;
    }
    return this.waiting.splice(0, count);
  }

  private writeGroup(group: readonly Request[]): { outcomes: Outcome[]; laneIds: number[] } {
    const growths = new Map<number, LaneGrowth>();
    const { maxStoredBytes, minFreeDiskBytes } = this.limits;
    // Asked each time: whoever else writes to the disk does not tell us. It is a call of some microseconds.
    let room = Math.min(maxStoredBytes - readTotalBytes(this.store), this.store.freeDiskBytes() - minFreeDiskBytes);
    const outcomes = group.map((request): Outcome => {
      if (request.bytes > 0 && request.bytes > room) return unavailable('the embedded log is full');
      const outcome = this.plan(request, growths);
      if (!(outcome instanceof DistributionError)) room -= request.bytes;
      return outcome;
    });
    let added = 0;
    for (const [laneId, growth] of growths) added += this.grow(laneId, growth);
    if (added !== 0) addTotalBytes(this.store, added);
    return { outcomes, laneIds: [...growths.keys()] };
  }

  /** All lanes of a request, or none of them. */
  private plan(request: Request, growths: Map<number, LaneGrowth>): Outcome {
    let lanes: StoredLane[];
    try {
      lanes = request.appends.map(({ topic, partition }) => this.topics.lane(topic, partition));
      for (const { topic, partition } of request.commit?.positions ?? []) this.topics.lane(topic, partition);
    } catch (error) {
      if (error instanceof DistributionError) return error;
      throw error;
    }
    const appended = request.appends.map(({ records }, index): Appended => {
      const lane = lanes[index];
      const growth = growths.get(lane.laneId) ?? {
        lane,
        before: readLaneState(this.store, lane.laneId),
        records: [],
      };
      growths.set(lane.laneId, growth);
      const first = growth.before.next + growth.records.length;
      for (const record of records) growth.records.push(record);
      const { topic, partition, epoch } = lane;
      return {
        lane: { topic, partition, epoch },
        first: positionOfOffset(first),
        last: positionOfOffset(first + records.length - 1),
      };
    });
    if (request.commit !== undefined) putGroupPositions(this.store, request.commit);
    return appended;
  }

  private grow(laneId: number, { lane, before, records }: LaneGrowth): number {
    const micros = Math.max(this.clock.nowMicros(), before.lastMicros);
    const bytes = putRecords(this.store, laneId, before.next, records, micros);
    const grown = {
      first: before.first,
      next: before.next + records.length,
      bytes: before.bytes + bytes,
      lastMicros: micros,
    };
    const after = trimToSize(this.store, lane, grown, bytes, this.metrics);
    writeLaneState(this.store, laneId, after);
    this.metrics.appended(records.length, bytes);
    return after.bytes - before.bytes;
  }

  private answer(request: Request, outcome: Outcome): void {
    this.inFlight.end(request.bytes);
    if (outcome instanceof DistributionError) request.reject(outcome);
    else request.resolve(outcome);
  }
}
