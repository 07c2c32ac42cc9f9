import type { Appended, AppendLimits, Clock, Lane, LaneAppend } from '@distributary/distribution-core';
import { AppendsInFlight, laneName } from '@distributary/distribution-core';
import { hasCode, topicNotFound } from '../pulsar.errors.js';
import type { PulsarMetrics } from '../pulsar-metrics.js';
import type { TopicDirectory } from '../topics/topic-directory.js';
import { EVENT_OVERHEAD_BYTES } from './append-request.js';
import { LaneWriter, type LaneWriterParts } from './lane-writer.js';

export interface PulsarLimits extends AppendLimits {
  readonly timeoutMs: number;
}

/** Writers that have nothing to do are given up beyond this. */
const MAX_WRITERS = 2_000;
/** Writers find out by themselves that a topic has gone; this is for those who come anew. */
const TOPIC_AGE_MS = 30_000;

/** Admits appends within the bounds, and gives each to the writers of its lanes in the order of the calls. */
export class AppendQueue {
  private readonly writers = new Map<string, LaneWriter>();
  private readonly inFlight: AppendsInFlight;
  /** Whose topics have to be looked up: each waits for those before it, so that appends keep the order of their calls. */
  private admitted: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly parts: LaneWriterParts,
    private readonly clock: Clock,
    private readonly directory: Pick<TopicDirectory, 'topic' | 'lastSeen'>,
    private readonly limits: PulsarLimits,
    private readonly metrics: PulsarMetrics,
  ) {
    this.inFlight = new AppendsInFlight(limits, EVENT_OVERHEAD_BYTES, (bytes) => metrics.inFlight(bytes));
  }

  append(appends: readonly LaneAppend[]): Promise<readonly Appended[]> {
    const bytes = this.inFlight.begin(appends);
    return this.admit(appends).finally(() => this.inFlight.end(bytes));
  }

  /** Resolves when everything that was given has been answered. */
  drained(): Promise<void> {
    return this.inFlight.drained();
  }

  close(): void {
    for (const writer of this.writers.values()) writer.close();
    this.writers.clear();
  }

  private admit(appends: readonly LaneAppend[]): Promise<readonly Appended[]> {
    const startedMs = this.clock.monotonicMs();
    const known = this.waiting === 0 ? this.knownLanes(appends) : undefined;
    if (known !== undefined) return this.write(appends, known, startedMs);
    this.waiting++;
    // All look at once, and share a look at the same topic: none waits longer than Pulsar has to answer one.
    const looking = Promise.allSettled([this.lanesOf(appends)]);
    const written = this.admitted.then(async () => {
      const [lanes] = await looking;
      const isFound = lanes.status === 'fulfilled';
      return { answer: isFound ? this.write(appends, lanes.value, startedMs) : Promise.reject(lanes.reason as Error) };
    });
    this.admitted = written.then(() => {
      this.waiting--;
    });
    return written.then(({ answer }) => answer);
  }

  /** Undefined if somebody has to be asked. */
  private knownLanes(appends: readonly LaneAppend[]): Lane[] | undefined {
    const lanes: Lane[] = [];
    for (const { topic, partition } of appends) {
      const writer = this.writers.get(laneName({ topic, partition }));
      if (writer === undefined || !writer.isCurrent(this.directory.lastSeen(topic))) return undefined;
      lanes.push(writer.lane);
    }
    return lanes;
  }

  private lanesOf(appends: readonly LaneAppend[]): Promise<Lane[]> {
    return Promise.all(
      appends.map(async ({ topic, partition }) => {
        const found = await this.directory.topic(topic, TOPIC_AGE_MS);
        if (partition >= found.partitions) throw topicNotFound(`${topic}#${partition}`);
        return { topic, partition, epoch: found.epoch };
      }),
    );
  }

  /** `startedMs`: when it was admitted. */
  private async write(
    appends: readonly LaneAppend[],
    lanes: readonly Lane[],
    startedMs: number,
  ): Promise<readonly Appended[]> {
    const deadlineMs = startedMs + this.limits.timeoutMs;
    const outcomes = await Promise.allSettled(
      appends.map(
        ({ records }, index) =>
          new Promise<Appended>((resolve, reject) => {
            const bytes = bytesOf(records);
            const request = { lane: lanes[index], records, bytes, startedMs, deadlineMs, resolve, reject };
            this.writer(lanes[index]).push(request);
          }),
      ),
    );
    // Only when nothing of it is under way any more: what is in flight is counted until then.
    return outcomes.map((outcome) => {
      if (outcome.status === 'fulfilled') return outcome.value;
      const isLate = this.clock.monotonicMs() >= deadlineMs && hasCode(outcome.reason, 'broker.unavailable');
      if (isLate) this.metrics.appendTimedOut();
      throw outcome.reason;
    });
  }

  private writer(lane: Lane): LaneWriter {
    const name = laneName(lane);
    let writer = this.writers.get(name);
    if (writer !== undefined && writer.lane.epoch === lane.epoch && !writer.isOver) return writer;
    writer?.close();
    if (this.writers.size >= MAX_WRITERS) this.giveUpIdle();
    writer = new LaneWriter(lane, this.parts);
    this.writers.set(name, writer);
    return writer;
  }

  private giveUpIdle(): void {
    for (const [name, writer] of this.writers) {
      if (!writer.isIdle) continue;
      writer.close();
      this.writers.delete(name);
    }
  }
}

function bytesOf(records: readonly { readonly value: Uint8Array }[]): number {
  let bytes = 0;
  for (const { value } of records) bytes += value.length + EVENT_OVERHEAD_BYTES;
  return bytes;
}
