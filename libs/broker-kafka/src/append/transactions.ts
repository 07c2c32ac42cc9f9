import type { Appended, GroupCommit } from '@distributary/distribution-core';
import { DistributionError, LONGEST_RETRY_PAUSE_MS } from '@distributary/distribution-core';
import { notInTime, unavailable } from '../kafka.errors.js';
import { ledBy } from '../read/lane-place.js';
import type { GroupPositions } from '../topics/group-positions.js';
import { committedTopics } from '../topics/group-positions.js';
import type { KafkaNames } from '../topics/topic-names.js';
import type { AppendRequest, LanePlaceName } from './append-request.js';
import type { LaneWriter, WriterParts } from './lane-writer.js';
import { TransactionGroup } from './transaction-group.js';
import { TransactionProducer } from './transaction-producer.js';
import { writeTransaction } from './transaction-writer.js';

export interface TransactionsOptions {
  readonly parts: WriterParts;
  readonly names: KafkaNames;
  readonly positions: GroupPositions;
  /** Names this process among those of its kind; its successor bears the same. */
  readonly instance: string;
  readonly newInstance: () => string;
  readonly slots: number;
  readonly requestTimeoutMs: number;
  /** Readers of this process wait for these events and positions to become visible. */
  readonly onCommitted: (appended: readonly Appended[], commits: readonly GroupCommit[]) => void;
}

interface Written {
  readonly written: readonly AppendRequest[];
  /** By request, in the order of its appends. */
  readonly answers: readonly (readonly Appended[])[];
}

/** An attempt that failed before the end was asked for has changed nothing, so that it may be made again. */
const ATTEMPTS = 3;

/** Appends to several lanes, or with positions of a group: as transactions, a few at a time. */
export class Transactions {
  private readonly free: TransactionProducer[];
  private readonly waiting: TransactionGroup[] = [];
  private open: TransactionGroup | undefined;

  constructor(private readonly options: TransactionsOptions) {
    const { parts, names, instance, newInstance, slots } = options;
    // The one that was used longest ago comes next: Kafka is done with its last transaction by then.
    this.free = Array.from(
      { length: slots },
      (_, slot) =>
        new TransactionProducer(
          names.transactionalId(instance, slot),
          () => names.transactionalId(newInstance(), slot),
          parts,
          `transaction-${slot}`,
        ),
    );
  }

  /**
   * Ends what an earlier process of this name left open: no reader gets beyond it until then. Never rejects: whose first
   * transaction comes later ends it, too. To be called before the first append.
   */
  async takeOver(): Promise<void> {
    const { clock, timeoutMs } = this.options.parts;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    await Promise.allSettled(this.free.map((producer) => producer.begin(deadlineMs)));
  }

  append(request: AppendRequest, writerOf: (place: LanePlaceName) => LaneWriter): void {
    if (this.open?.join(request, writerOf)) return;
    const group = new TransactionGroup(() => this.beginNext());
    this.open = group;
    this.waiting.push(group);
    group.join(request, writerOf);
  }

  private beginNext(): void {
    while (this.free.length > 0) {
      const place = this.waiting.findIndex((group) => group.isReady);
      if (place < 0) return;
      const [group] = this.waiting.splice(place, 1);
      if (this.open === group) this.open = undefined;
      void this.run(group, this.free.shift() as TransactionProducer);
    }
  }

  private async run(group: TransactionGroup, producer: TransactionProducer): Promise<void> {
    const requests = await this.possible(group.requests);
    const isAlone = requests.length <= 1;
    try {
      if (requests.length > 0) await this.transact(producer, requests);
    } catch (error) {
      // One of them may be what the others fail for.
      if (isAlone || !isTheirFault(error)) for (const request of requests) request.reject(error);
      else for (const request of requests) await this.transact(producer, [request]).catch(request.reject);
    }
    group.release();
    this.free.push(producer);
    this.beginNext();
  }

  /** Those whose lanes are there; the others are answered. */
  private async possible(requests: readonly AppendRequest[]): Promise<AppendRequest[]> {
    const checked = await Promise.all(
      requests.map((request) =>
        this.check(request).then(
          () => true,
          (error: unknown) => {
            request.reject(error);
            return false;
          },
        ),
      ),
    );
    return requests.filter((_, index) => checked[index]);
  }

  private async check({ appends, commit, deadlineMs }: AppendRequest): Promise<void> {
    const { parts, names, positions } = this.options;
    await parts.retrying.before(deadlineMs, async () => {
      for (const { topic, partition } of appends) {
        ledBy(await parts.cluster.topic(parts.kafkaName(topic)), topic, partition);
      }
      if (commit === undefined) return;
      names.group(commit.group);
      await positions.checkTopics(committedTopics(names, commit.positions));
    });
  }

  private async transact(producer: TransactionProducer, requests: readonly AppendRequest[]): Promise<void> {
    const { parts, onCommitted } = this.options;
    const startedMs = parts.clock.monotonicMs();
    let isCommitted = false;
    try {
      const { written, answers } = await this.attempt(producer, requests);
      isCommitted = true;
      onCommitted(
        answers.flat(),
        written.flatMap(({ commit }) => commit ?? []),
      );
      written.forEach((request, index) => request.resolve(answers[index]));
    } finally {
      parts.metrics.decided(parts.clock.monotonicMs() - startedMs, isCommitted);
    }
  }

  private async attempt(producer: TransactionProducer, requests: readonly AppendRequest[]): Promise<Written> {
    const { clock } = this.options.parts;
    let usedUpMs = 0;
    for (let failures = 0; ;) {
      const written = this.inTime(requests, Math.max(clock.monotonicMs(), usedUpMs));
      // Whose time is over has been told so: nothing may be committed for him, and the others come without him then.
      const deadlineMs = Math.min(...written.map((request) => request.deadlineMs));
      let answers: Appended[][];
      try {
        answers = await writeTransaction(producer, written, deadlineMs, this.options);
        if (clock.monotonicMs() >= deadlineMs) throw notInTime();
      } catch (error) {
        await this.abort(producer, error, deadlineMs);
        if (isTheirFault(error)) throw error;
        // Given up for the deadline of one of them, before which none is tried again, it says nothing of the others: they go on without him.
        if (clock.monotonicMs() + LONGEST_RETRY_PAUSE_MS >= deadlineMs) usedUpMs = deadlineMs;
        else if (++failures === ATTEMPTS) throw error;
        continue;
      }
      await this.commit(producer, deadlineMs);
      return { written, answers };
    }
  }

  /** Those who have time beyond that. The others are answered; throws if there is nobody else. */
  private inTime(requests: readonly AppendRequest[], dueMs: number): readonly AppendRequest[] {
    for (const request of requests) if (request.deadlineMs <= dueMs) request.reject(notInTime());
    const left = requests.filter(({ deadlineMs }) => deadlineMs > dueMs);
    if (left.length === 0) throw notInTime();
    return left;
  }

  /** Whatever it fails for, it may be committed all the same: nobody's fault, and nothing to be made again. */
  private async commit(producer: TransactionProducer, deadlineMs: number): Promise<void> {
    try {
      await producer.end(true, deadlineMs);
    } catch (error) {
      throw isTheirFault(error) ? unavailable('nobody knows whether a transaction was committed', error) : error;
    }
  }

  /** Whatever it takes: the producer is sound afterwards, or begins anew; after the deadline it is waited for by who comes next. */
  private async abort(producer: TransactionProducer, reason: unknown, deadlineMs: number): Promise<void> {
    producer.doubt(reason);
    await producer.end(false, deadlineMs).catch(() => undefined);
  }
}

/** Of the request, not of the broker: trying again does not help. */
function isTheirFault(error: unknown): boolean {
  return !(error instanceof DistributionError) || error.code !== 'broker.unavailable';
}
