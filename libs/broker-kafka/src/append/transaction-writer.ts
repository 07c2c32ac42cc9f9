import type { Appended, EventRecord, GroupCommit, GroupMember, LanePosition } from '@distributary/distribution-core';
import { laneName } from '@distributary/distribution-core';
import { KAFKA, kafkaError, topicNotFound } from '../kafka.errors.js';
import { ledBy } from '../read/lane-place.js';
import { committedTopics, NO_MEMBER } from '../topics/group-positions.js';
import { compress } from '../records/codecs.js';
import { writeBatch } from '../records/record-batch.js';
import type { AppendRequest, LanePlaceName } from './append-request.js';
import { appended, EVENT_OVERHEAD_BYTES, MAX_BATCH_BYTES, sequenceAfter } from './append-request.js';
import { ProduceCourier } from './produce-courier.js';
import type { TransactionProducer } from './transaction-producer.js';
import type { TransactionsOptions } from './transactions.js';

/** What one transaction adds to one lane, in the order of the requests. */
interface LaneGrowth extends LanePlaceName {
  readonly records: EventRecord[];
  /** Where each append begins among the records. */
  readonly starts: {
    readonly request: number;
    readonly append: number;
    readonly from: number;
    readonly count: number;
  }[];
}

/** Of each record of a lane. */
interface Written {
  readonly epoch: string;
  readonly offsets: readonly number[];
}

type Parts = Pick<TransactionsOptions, 'parts' | 'names' | 'requestTimeoutMs'>;

/** Writes all of it by the deadline, but does not end the transaction. Answers by request, in the order of its appends. */
export async function writeTransaction(
  producer: TransactionProducer,
  requests: readonly AppendRequest[],
  deadlineMs: number,
  options: Parts,
): Promise<Appended[][]> {
  const growths = growthsOf(requests);
  const { cluster, clock, metrics } = options.parts;
  await producer.begin(deadlineMs);
  const courier = new ProduceCourier(cluster, clock, metrics, options.requestTimeoutMs, producer.purpose, producer.id);
  const writing = growths.map((growth) => writeLane(producer, courier, growth, deadlineMs, options));
  const writes = await Promise.allSettled(writing);
  const failed = writes.find((write) => write.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  for (const { group, member, positions } of commitsOf(requests)) {
    const topics = committedTopics(options.names, positions);
    await producer.commitPositions(options.names.group(group), member, topics, deadlineMs);
  }
  const answers = requests.map(({ appends }): Appended[] => new Array<Appended>(appends.length));
  writes.forEach((write, index) => {
    const growth = growths[index];
    const { epoch, offsets } = (write as PromiseFulfilledResult<Written>).value;
    for (const { request, append, from, count } of growth.starts) {
      answers[request][append] = appended(growth, epoch, offsets[from], offsets[from + count - 1]);
    }
  });
  return answers;
}

async function writeLane(
  producer: TransactionProducer,
  courier: ProduceCourier,
  growth: LaneGrowth,
  deadlineMs: number,
  { parts }: Parts,
): Promise<Written> {
  const { topic, partition } = growth;
  const name = parts.kafkaName(topic);
  const { epoch } = await parts.cluster.topic(name);
  const bearer = await producer.begin(deadlineMs);
  producer.touch(name, partition);
  const offsets: number[] = [];
  for (const records of chunks(growth.records)) {
    const { bytes, codec } = compress(parts.records.write(records), parts.compression);
    const timeMs = Math.floor(parts.clock.nowMicros() / 1000);
    // Each transaction has an epoch of its own, and each epoch begins at 0.
    const sequence = sequenceAfter(0, offsets.length);
    const batch = writeBatch(bytes, records.length, timeMs, codec, { ...bearer, sequence, isTransactional: true });
    const baseOffset = await parts.retrying.before(deadlineMs, async () => {
      const found = await parts.cluster.topic(name);
      if (found.epoch !== epoch) throw topicNotFound(topic);
      const { leader } = ledBy(found, topic, partition);
      try {
        if (leader < 0) throw kafkaError(KAFKA.leaderNotAvailable, `append to ${topic}#${partition}`);
        const outcome = await courier.send(leader, { epoch, partition, batch });
        if (outcome.errorCode === KAFKA.none) return outcome.baseOffset;
        throw kafkaError(outcome.errorCode, `append to ${topic}#${partition}`, outcome.errorMessage);
      } catch (error) {
        parts.cluster.forget(name);
        throw error;
      }
    });
    parts.metrics.appended(records.length, batch.length);
    for (let index = 0; index < records.length; index++) offsets.push(baseOffset + index);
  }
  return { epoch, offsets };
}

function growthsOf(requests: readonly AppendRequest[]): LaneGrowth[] {
  const growths = new Map<string, LaneGrowth>();
  requests.forEach(({ appends }, request) => {
    appends.forEach(({ topic, partition, records }, append) => {
      const name = laneName({ topic, partition });
      const growth = growths.get(name) ?? { topic, partition, records: [], starts: [] };
      growths.set(name, growth);
      growth.starts.push({ request, append, from: growth.records.length, count: records.length });
      for (const record of records) growth.records.push(record);
    });
  });
  return [...growths.values()];
}

/** One commit per group and member, the last position of each lane. */
export function commitsOf(requests: readonly Pick<AppendRequest, 'commit'>[]) {
  const commits = new Map<string, { group: string; member: GroupMember; lanes: Map<string, LanePosition> }>();
  for (const { commit } of requests) {
    if (commit === undefined) continue;
    const { group, member = NO_MEMBER, positions }: GroupCommit = commit;
    const key = JSON.stringify([group, member.memberId, member.generation]);
    const merged = commits.get(key) ?? { group, member, lanes: new Map<string, LanePosition>() };
    commits.set(key, merged);
    for (const position of positions) merged.lanes.set(laneName(position), position);
  }
  return [...commits.values()]
    .filter(({ lanes }) => lanes.size > 0)
    .map(({ group, member, lanes }) => ({ group, member, positions: [...lanes.values()] }));
}

function* chunks(records: readonly EventRecord[]): Generator<readonly EventRecord[], void, void> {
  let from = 0;
  while (from < records.length) {
    let bytes = 0;
    let to = from;
    do bytes += records[to++].value.length + EVENT_OVERHEAD_BYTES;
    while (to < records.length && bytes + records[to].value.length + EVENT_OVERHEAD_BYTES <= MAX_BATCH_BYTES);
    yield records.slice(from, to);
    from = to;
  }
}
