import type { Clock, EventRecord } from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import { KAFKA, KafkaError, kafkaError, notInTime, topicNotFound } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';
import { type Compression, compress } from '../records/codecs.js';
import { writeBatch } from '../records/record-batch.js';
import type { RecordWriter } from '../records/record-writer.js';
import type { Cluster } from '../wire/cluster.js';
import type { KafkaTopic } from '../wire/metadata.js';
import type { Retrying } from '../wire/retrying.js';
import type { LanePlaceName } from './append-request.js';
import { appended, type AppendRequest, MAX_BATCH_BYTES, sequenceAfter } from './append-request.js';
import type { ProduceCourier } from './produce-courier.js';
import { askProducerId, type ProducerId } from './producer-ids.js';

/** What every lane's writer works with. */
export interface WriterParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly retrying: Retrying;
  readonly courier: ProduceCourier;
  readonly records: RecordWriter;
  readonly metrics: KafkaMetrics;
  readonly compression: Compression;
  readonly timeoutMs: number;
  kafkaName(topic: string): string;
}

/** Something that has the lane for itself while it writes: a transaction. Resolves when the lane may go on. */
export type Turn = () => Promise<void>;

/** The broker does not know this producer, or not its last batch. */
const FORGOTTEN: ReadonlySet<number> = new Set<number>([
  KAFKA.outOfOrderSequence,
  KAFKA.unknownProducerId,
  KAFKA.invalidProducerEpoch,
  KAFKA.invalidProducerIdMapping,
]);

/** Kafka's epochs have 15 bits. */
const LAST_EPOCH = 2 ** 15 - 2;

interface Identity extends ProducerId {
  readonly epoch: string;
  sequence: number;
}

/**
 * Writes one lane: appends in the order of the calls, those that wait together in one batch, one batch under way. A batch
 * that got no answer is sent again as it was; the broker knows it by its producer id and sequence, and keeps one copy.
 */
export class LaneWriter {
  private readonly waiting: (AppendRequest | Turn)[] = [];
  private isRunning = false;
  private identity: Identity | undefined;

  constructor(
    private readonly place: LanePlaceName,
    private readonly parts: WriterParts,
  ) {}

  get isIdle(): boolean {
    return !this.isRunning;
  }

  /** The last that waits, if it is a transaction that may still grow. */
  get last(): AppendRequest | Turn | undefined {
    return this.waiting.at(-1);
  }

  push(next: AppendRequest | Turn): void {
    this.waiting.push(next);
    if (!this.isRunning) void this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    // What is appended in the same turn of the loop goes along.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const [head] = this.waiting;
      if (typeof head === 'function') {
        this.waiting.shift();
        await head();
      } else await this.write(this.takeGroup());
    }
    this.isRunning = false;
  }

  private takeGroup(): AppendRequest[] {
    let bytes = 0;
    let count = 0;
    for (const next of this.waiting) {
      if (typeof next === 'function' || (count > 0 && bytes + next.bytes > MAX_BATCH_BYTES)) break;
      bytes += next.bytes;
      count++;
    }
    return this.waiting.splice(0, count) as AppendRequest[];
  }

  private async write(taken: readonly AppendRequest[]): Promise<void> {
    const nowMs = this.parts.clock.monotonicMs();
    const group = taken.filter(({ deadlineMs }) => deadlineMs > nowMs);
    for (const request of taken) if (request.deadlineMs <= nowMs) request.reject(notInTime());
    if (group.length === 0) return;
    const records = group.flatMap((request) => request.appends[0].records);
    // A batch is sent again as it was, so none of them can be left out any more; the last one came last.
    const { deadlineMs } = group[group.length - 1];
    try {
      const { epoch, first } = await this.produce(records, deadlineMs);
      let offset = first;
      for (const request of group) {
        const { length } = request.appends[0].records;
        request.resolve([appended(this.place, epoch, offset, offset + length - 1)]);
        offset += length;
      }
    } catch (error) {
      const isTooLarge = error instanceof DistributionError && error.code === 'payload.too_large';
      // Together they were too large for the topic, each may do.
      if (isTooLarge && group.length > 1) for (const request of group) await this.write([request]);
      else for (const request of group) request.reject(error);
    }
  }

  private async produce(
    records: readonly EventRecord[],
    deadlineMs: number,
  ): Promise<{ readonly epoch: string; readonly first: number }> {
    const { cluster, retrying, clock, compression, metrics } = this.parts;
    const { topic, partition } = this.place;
    const written = this.parts.records.write(records);
    const { bytes, codec } = compress(written, compression);
    const timeMs = Math.floor(clock.nowMicros() / 1000);
    try {
      return await retrying.before(deadlineMs, async () => {
        const { epoch, leader } = await this.lead(await cluster.topic(this.parts.kafkaName(topic)));
        const identity = await this.identityFor(epoch);
        const batch = writeBatch(bytes, records.length, timeMs, codec, { ...identity, isTransactional: false });
        const { errorCode, errorMessage, baseOffset } = await this.send(leader, { epoch, partition, batch });
        if (errorCode !== KAFKA.none) await this.refused(errorCode, errorMessage);
        identity.sequence = sequenceAfter(identity.sequence, records.length);
        metrics.appended(records.length, batch.length);
        return { epoch, first: baseOffset };
      });
    } catch (error) {
      // Whatever failed last, an attempt before it may have got no answer: nobody knows then whether its sequence is used, and a
      // broker takes another batch under it for its repeat. The next one begins anew, in an epoch in which that attempt is
      // refused, should it still be on its way: it must not come behind what was appended later.
      this.identity = this.identity && nextEpoch(this.identity);
      throw error;
    }
  }

  private async lead({ epoch, partitions }: KafkaTopic): Promise<{ readonly epoch: string; readonly leader: number }> {
    const { topic, partition } = this.place;
    if (partition >= partitions.length) throw topicNotFound(`${topic}#${partition}`);
    const { leader } = partitions[partition];
    if (leader >= 0) return { epoch, leader };
    await this.parts.cluster.freshTopic(this.parts.kafkaName(topic));
    throw kafkaError(KAFKA.leaderNotAvailable, `append to ${topic}#${partition}`);
  }

  private async send(
    leader: number,
    lane: { readonly epoch: string; readonly partition: number; readonly batch: Buffer },
  ) {
    try {
      return await this.parts.courier.send(leader, lane);
    } catch (error) {
      // The leader may have moved, or be gone.
      this.parts.cluster.forget(this.parts.kafkaName(this.place.topic));
      throw error;
    }
  }

  private async refused(errorCode: number, detail: string | null): Promise<never> {
    const { cluster, kafkaName } = this.parts;
    const { topic, partition } = this.place;
    const error = kafkaError(errorCode, `append to ${topic}#${partition}`, detail);
    if (FORGOTTEN.has(errorCode)) {
      // The broker has forgotten this producer, or lost what it wrote: this batch is not there, so it may go as a new one.
      this.identity = undefined;
      throw new KafkaError(errorCode, true, error.code, error.message);
    }
    // `topic.not_found` from here if it is gone; otherwise a look at who leads it now.
    if (error.isTransient) await cluster.freshTopic(kafkaName(topic));
    throw error;
  }

  private async identityFor(epoch: string): Promise<Identity> {
    if (this.identity?.epoch === epoch) return this.identity;
    const id = await askProducerId(await this.parts.cluster.anyBroker(), null, 0);
    this.identity = { ...id, epoch, sequence: 0 };
    return this.identity;
  }
}

/** Undefined if there is none: then it takes another producer. */
function nextEpoch({ producerEpoch, ...identity }: Identity): Identity | undefined {
  return producerEpoch < LAST_EPOCH ? { ...identity, producerEpoch: producerEpoch + 1, sequence: 0 } : undefined;
}
