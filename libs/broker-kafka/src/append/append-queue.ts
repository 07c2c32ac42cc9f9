import type { Appended, GroupCommit, LaneAppend } from '@distributary/distribution-core';
import { DistributionError, invalidRequest, laneName } from '@distributary/distribution-core';
import { isTransient, notInTime } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';
import { AppendDeadlines } from './append-deadlines.js';
import { type AppendRequest, EVENT_OVERHEAD_BYTES, type LanePlaceName, MAX_BATCH_BYTES } from './append-request.js';
import { LaneWriter, type WriterParts } from './lane-writer.js';
import type { Transactions } from './transactions.js';

export interface AppendLimits {
  /** Bytes given to `append` and not yet acknowledged. */
  readonly maxInFlightBytes: number;
  /** Bytes of one event's value. */
  readonly maxRecordBytes: number;
}

/** The caller's side of an append. */
interface AppendCall {
  readonly deadlineMs: number;
  reject(error: unknown): void;
}

/** Writers that have nothing to do are forgotten beyond this: they only cost a new producer id. */
const MAX_WRITERS = 10_000;

/**
 * Admits appends within the bounds, and gives each to the writers of its lanes in the order of the calls. Who calls is
 * answered by the deadline; what is under way then still counts as in flight until it has come to an end.
 */
export class AppendQueue {
  private readonly writers = new Map<string, LaneWriter>();
  private readonly idle: (() => void)[] = [];
  private readonly deadlines: AppendDeadlines<AppendCall>;
  private inFlightBytes = 0;
  private inFlightCount = 0;

  constructor(
    private readonly parts: WriterParts,
    private readonly transactions: Transactions,
    private readonly limits: AppendLimits,
    private readonly metrics: KafkaMetrics,
  ) {
    this.deadlines = new AppendDeadlines(parts.clock, (call) => this.missed(call, notInTime()));
  }

  append(appends: readonly LaneAppend[], commit: GroupCommit | undefined): Promise<readonly Appended[]> {
    const bytes = this.checkedBytes(appends);
    this.addInFlight(bytes, 1);
    return new Promise<readonly Appended[]>((resolve, reject) => {
      const request = this.request({ appends, commit, bytes, resolve, reject });
      const isPlain = appends.length === 1 && commit === undefined && isOneBatch(request);
      if (isPlain) this.writer(appends[0]).push(request);
      else this.transactions.append(request, (place) => this.writer(place));
    });
  }

  /** Resolves when everything that was given has been answered. */
  drained(): Promise<void> {
    if (this.inFlightCount === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private request({ resolve, reject, ...asked }: Omit<AppendRequest, 'deadlineMs'>): AppendRequest {
    const { clock, timeoutMs } = this.parts;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const call = { deadlineMs, reject };
    this.deadlines.add(call);
    let isUnderWay = true;
    /** False if the caller knows already. */
    const isAwaited = () => {
      if (isUnderWay) this.addInFlight(-asked.bytes, -1);
      isUnderWay = false;
      return this.deadlines.answered(call);
    };
    return {
      ...asked,
      deadlineMs,
      resolve: (appended) => {
        if (isAwaited()) resolve(appended);
      },
      reject: (error) => {
        if (!isAwaited()) return;
        // What may pass is tried again until it is too late for another attempt.
        if (isTransient(error) || clock.monotonicMs() >= deadlineMs) this.missed(call, error);
        else reject(error);
      },
    };
  }

  private missed(call: AppendCall, error: unknown): void {
    this.metrics.appendTimedOut();
    call.reject(error);
  }

  private writer(place: LanePlaceName): LaneWriter {
    const name = laneName(place);
    let writer = this.writers.get(name);
    if (writer !== undefined) return writer;
    if (this.writers.size >= MAX_WRITERS) this.forgetIdle();
    writer = new LaneWriter({ topic: place.topic, partition: place.partition }, this.parts);
    this.writers.set(name, writer);
    return writer;
  }

  private forgetIdle(): void {
    for (const [name, writer] of this.writers) if (writer.isIdle) this.writers.delete(name);
  }

  private checkedBytes(appends: readonly LaneAppend[]): number {
    const { maxInFlightBytes, maxRecordBytes } = this.limits;
    let bytes = 0;
    for (const { topic, partition, records } of appends) {
      if (records.length === 0) {
        throw invalidRequest([{ path: `${topic}#${partition}`, rule: 'must have at least one record' }]);
      }
      for (const { value } of records) {
        if (value.length > maxRecordBytes) throw tooLarge(`an event of ${value.length} bytes`, maxRecordBytes);
        bytes += value.length + EVENT_OVERHEAD_BYTES;
      }
    }
    if (bytes > maxInFlightBytes) throw tooLarge(`an append of ${bytes} bytes`, maxInFlightBytes);
    if (this.inFlightBytes + bytes > maxInFlightBytes) {
      throw new DistributionError('ingest.busy', `${this.inFlightBytes} bytes wait to be written`, {
        retryAfterMs: 50,
      });
    }
    return bytes;
  }

  private addInFlight(bytes: number, count: number): void {
    this.inFlightBytes += bytes;
    this.inFlightCount += count;
    this.metrics.inFlight(this.inFlightBytes);
    if (this.inFlightCount === 0) for (const resolve of this.idle.splice(0)) resolve();
  }
}

const isOneBatch = ({ appends, bytes }: AppendRequest): boolean =>
  bytes <= MAX_BATCH_BYTES || appends[0].records.length === 1;

const tooLarge = (what: string, limit: number) =>
  new DistributionError('payload.too_large', `${what} is larger than ${limit} bytes`);
