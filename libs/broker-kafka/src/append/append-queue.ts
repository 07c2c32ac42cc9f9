import type { Appended, AppendLimits, GroupCommit, LaneAppend } from '@distributary/distribution-core';
import { AppendsInFlight, laneName } from '@distributary/distribution-core';
import { isTransient, notInTime } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';
import { AppendDeadlines } from './append-deadlines.js';
import { type AppendRequest, EVENT_OVERHEAD_BYTES, type LanePlaceName, MAX_BATCH_BYTES } from './append-request.js';
import { LaneWriter, type WriterParts } from './lane-writer.js';
import type { Transactions } from './transactions.js';

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
  private readonly inFlight: AppendsInFlight;
  private readonly deadlines: AppendDeadlines<AppendCall>;

  constructor(
    private readonly parts: WriterParts,
    private readonly transactions: Transactions,
    limits: AppendLimits,
    private readonly metrics: KafkaMetrics,
  ) {
    this.inFlight = new AppendsInFlight(limits, EVENT_OVERHEAD_BYTES, (bytes) => metrics.inFlight(bytes));
    this.deadlines = new AppendDeadlines(parts.clock, (call) => this.missed(call, notInTime()));
  }

  append(appends: readonly LaneAppend[], commit: GroupCommit | undefined): Promise<readonly Appended[]> {
    const bytes = this.inFlight.begin(appends);
    return new Promise<readonly Appended[]>((resolve, reject) => {
      const request = this.request({ appends, commit, bytes, resolve, reject });
      const isPlain = appends.length === 1 && commit === undefined && isOneBatch(request);
      if (isPlain) this.writer(appends[0]).push(request);
      else this.transactions.append(request, (place) => this.writer(place));
    });
  }

  /** Resolves when everything that was given has been answered. */
  drained(): Promise<void> {
    return this.inFlight.drained();
  }

  private request({ resolve, reject, ...asked }: Omit<AppendRequest, 'deadlineMs'>): AppendRequest {
    const { clock, timeoutMs } = this.parts;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const call = { deadlineMs, reject };
    this.deadlines.add(call);
    let isUnderWay = true;
    /** False if the caller knows already. */
    const isAwaited = () => {
      if (isUnderWay) this.inFlight.end(asked.bytes);
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
}

const isOneBatch = ({ appends, bytes }: AppendRequest): boolean =>
  bytes <= MAX_BATCH_BYTES || appends[0].records.length === 1;
