import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import { decodeEventBatch, densePositions, encodeEventBatch, type EventBatch } from '../event-batch.js';
import type { Lane } from '../lane.js';
import { AppendsInFlight } from '../log/appends-in-flight.js';
import type { Clock } from '../ports/clock.port.js';
import type {
  Appended,
  GroupCommit,
  GroupMember,
  LaneAppend,
  LaneEnds,
  Log,
  LogTopic,
  Retention,
  TailStart,
} from '../ports/log.port.js';
import { BEFORE_FIRST, type LanePosition, offsetOfPosition, type Position, positionOfOffset } from '../position.js';

export interface InMemoryLogOptions {
  readonly clock: Clock;
  readonly maxInFlightBytes?: number;
  readonly maxRecordBytes?: number;
  /** Who may commit for a group, as a broker would know that has members of groups. */
  readonly isMember?: (group: string, member: GroupMember | undefined) => boolean;
}

interface StoredRun {
  readonly first: number;
  readonly count: number;
  readonly appendedMicros: number;
  readonly bytes: Buffer;
}

interface StoredLane extends Lane {
  readonly runs: StoredRun[];
  first: number;
  next: number;
}

interface StoredTopic extends LogTopic {
  retention: Retention;
  readonly lanes: readonly StoredLane[];
}

/** What a broker keeps while its clients come and go. */
class Storage {
  readonly topics = new Map<string, StoredTopic>();
  readonly groups = new Map<string, Map<string, LanePosition>>();
  readonly waiting = new Set<() => void>();
  epochs = 0;

  wake(): void {
    for (const resume of [...this.waiting]) resume();
  }
}

const EVENT_OVERHEAD_BYTES = 96;

/** A {@link Log} that keeps every promise of the port, except that it forgets everything with its process. */
export class InMemoryLog implements Log {
  readonly transactions: boolean = true;
  private readonly closing = new AbortController();
  private readonly inFlight: AppendsInFlight;
  private lastAppend: Promise<unknown> = Promise.resolve();
  private isOut = false;

  constructor(
    private readonly options: InMemoryLogOptions,
    private readonly storage = new Storage(),
  ) {
    const { maxInFlightBytes = 64 * 1024 * 1024, maxRecordBytes = 1024 * 1024 } = options;
    this.inFlight = new AppendsInFlight({ maxInFlightBytes, maxRecordBytes }, EVENT_OVERHEAD_BYTES, () => undefined);
  }

  /** Another client of the same storage, as another process would be. */
  reopen(options: InMemoryLogOptions = this.options): InMemoryLog {
    return new InMemoryLog(options, this.storage);
  }

  /** While out, everything rejects with `broker.unavailable`, tails under way included. */
  setOutage(isOut: boolean): void {
    this.isOut = isOut;
    this.storage.wake();
  }

  async createTopic(name: string, partitions: number, retention: Retention): Promise<LogTopic> {
    this.check();
    if (name === '' || !Number.isInteger(partitions) || partitions < 1) {
      throw invalidRequest([{ path: 'partitions', rule: 'must be an integer of at least 1' }]);
    }
    if (this.storage.topics.has(name)) throw new DistributionError('topic.exists', `there is a topic ${name} already`);
    const epoch = `epoch-${++this.storage.epochs}`;
    const lanes = Array.from({ length: partitions }, (_, partition) => {
      return { topic: name, partition, epoch, runs: [], first: 0, next: 0 };
    });
    const topic = { name, partitions, retention, lanes };
    this.storage.topics.set(name, topic);
    return plain(topic);
  }

  async deleteTopic(name: string): Promise<void> {
    this.check();
    this.topic(name);
    this.storage.topics.delete(name);
    this.storage.wake();
  }

  async setRetention(name: string, retention: Retention): Promise<void> {
    this.check();
    this.topic(name).retention = retention;
  }

  async listTopics(): Promise<readonly LogTopic[]> {
    this.check();
    return [...this.storage.topics.values()].map(plain);
  }

  async ends(topic: string): Promise<readonly LaneEnds[]> {
    this.check();
    return this.topic(topic).lanes.map((lane) => {
      this.trim(lane);
      return {
        lane: bare(lane),
        beforeFirst: positionBefore(lane.first),
        last: positionBefore(lane.next),
        events: lane.next - lane.first,
        bytes: bytesOf(lane),
      };
    });
  }

  async append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> {
    this.check();
    const bytes = this.inFlight.begin(appends);
    // One after another, never at once: what is not yet acknowledged can be seen to be in flight.
    const append = this.lastAppend.then(() => this.store(appends, commit)).finally(() => this.inFlight.end(bytes));
    this.lastAppend = append.catch(() => undefined);
    return append;
  }

  async *tail(
    start: TailStart,
    options: { readonly signal: AbortSignal; readonly maxBatchBytes?: number },
  ): AsyncGenerator<EventBatch, void, void> {
    this.check();
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    if (signal.aborted) return;
    const lane = this.open(start);
    let next = nextOffset(start.after);
    while (!signal.aborted) {
      this.check();
      const [batch] = this.batches(lane, next, 1);
      if (batch === undefined) {
        await this.wakeUp(signal);
        continue;
      }
      next += batch.count;
      yield batch;
    }
  }

  async read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    this.check();
    return this.batches(this.open(start), nextOffset(start.after), maxBytes);
  }

  async seek(topic: string, partition: number, timeMicros: number): Promise<Position> {
    this.check();
    const lane = this.lane(topic, partition);
    this.trim(lane);
    return positionBefore(lane.runs.find((run) => run.appendedMicros >= timeMicros)?.first ?? lane.next);
  }

  async committed(group: string): Promise<readonly LanePosition[]> {
    this.check();
    return [...(this.storage.groups.get(group)?.values() ?? [])];
  }

  async commit(commit: GroupCommit): Promise<void> {
    await this.append([], commit);
  }

  async deleteGroup(group: string): Promise<void> {
    this.check();
    this.storage.groups.delete(group);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.lastAppend;
  }

  private check(): void {
    if (this.closing.signal.aborted) throw new DistributionError('broker.unavailable', 'the log is closed');
    if (this.isOut) throw new DistributionError('broker.unavailable', 'the log is out of order');
  }

  private store(appends: readonly LaneAppend[], commit: GroupCommit | undefined): Appended[] {
    const lanes = appends.map(({ topic, partition }) => this.lane(topic, partition));
    for (const { topic, partition } of commit?.positions ?? []) this.lane(topic, partition);
    if (commit !== undefined && this.options.isMember?.(commit.group, commit.member) === false) {
      throw new DistributionError('generation.stale', `not a member of ${commit.group} any more`);
    }
    const appended = appends.map(({ records }, index) => this.grow(lanes[index], records));
    if (commit !== undefined) this.move(commit);
    this.storage.wake();
    return appended;
  }

  private grow(lane: StoredLane, records: readonly EventRecord[]): Appended {
    const appendedMicros = Math.max(this.options.clock.nowMicros(), lane.runs.at(-1)?.appendedMicros ?? 0);
    const first = lane.next;
    lane.runs.push({ first, count: records.length, appendedMicros, bytes: encodeEventBatch(records, appendedMicros) });
    lane.next += records.length;
    this.trim(lane);
    return { lane: bare(lane), first: positionOfOffset(first), last: positionOfOffset(lane.next - 1) };
  }

  private move({ group, positions }: GroupCommit): void {
    const lanes = this.storage.groups.get(group) ?? new Map<string, LanePosition>();
    this.storage.groups.set(group, lanes);
    for (const position of positions) lanes.set(`${position.topic}#${position.partition}`, position);
  }

  private batches(lane: StoredLane, from: number, maxBytes: number): EventBatch[] {
    if (this.storage.topics.get(lane.topic)?.lanes[lane.partition] !== lane) throw notFound(lane.topic);
    this.trim(lane);
    if (from < lane.first || from > lane.next) {
      throw new DistributionError('position.lost', `offset ${from} of ${lane.topic} is not there`);
    }
    const batches: EventBatch[] = [];
    let bytes = 0;
    for (const run of lane.runs) {
      if (run.first + run.count <= from) continue;
      if (bytes > 0 && bytes + run.bytes.length > maxBytes) break;
      bytes += run.bytes.length;
      batches.push(batchFrom(lane, run, from));
    }
    return batches;
  }

  private open({ topic, partition, epoch }: TailStart): StoredLane {
    const lane = this.lane(topic, partition);
    if (epoch !== undefined && epoch !== lane.epoch) {
      throw new DistributionError('position.lost', `${topic} has begun anew since`);
    }
    return lane;
  }

  private topic(name: string): StoredTopic {
    const topic = this.storage.topics.get(name);
    if (topic === undefined) throw notFound(name);
    return topic;
  }

  private lane(name: string, partition: number): StoredLane {
    const lane = this.topic(name).lanes[partition];
    if (lane === undefined) throw notFound(`${name}#${partition}`);
    return lane;
  }

  private trim(lane: StoredLane): void {
    const { ms, bytes } = this.topic(lane.topic).retention;
    const oldestMicros = ms === 0 ? 0 : this.options.clock.nowMicros() - ms * 1000;
    let size = bytesOf(lane);
    while (lane.runs.length > 0 && (lane.runs[0].appendedMicros < oldestMicros || (bytes > 0 && size > bytes))) {
      const [oldest] = lane.runs.splice(0, 1);
      size -= oldest.bytes.length;
      lane.first = oldest.first + oldest.count;
    }
  }

  private wakeUp(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        signal.removeEventListener('abort', resume);
        this.storage.waiting.delete(resume);
        resolve();
      };
      this.storage.waiting.add(resume);
      signal.addEventListener('abort', resume, { once: true });
    });
  }
}

const bare = ({ topic, partition, epoch }: Lane): Lane => ({ topic, partition, epoch });
const bytesOf = (lane: StoredLane): number => lane.runs.reduce((sum, run) => sum + run.bytes.length, 0);
const positionBefore = (offset: number): Position => (offset === 0 ? BEFORE_FIRST : positionOfOffset(offset - 1));
const notFound = (topic: string) => new DistributionError('topic.not_found', `there is no topic ${topic}`);

function plain({ name, partitions, retention, lanes }: StoredTopic): LogTopic {
  return { name, partitions, retention, lanes: lanes.map(bare) };
}

function nextOffset(after: Position): number {
  const offset = offsetOfPosition(after);
  if (offset === undefined) throw invalidRequest([{ path: 'after', rule: 'must be a position of this log' }]);
  return offset + 1;
}

function batchFrom(lane: StoredLane, run: StoredRun, from: number): EventBatch {
  const whole = decodeEventBatch(bare(lane), densePositions(run.first, run.count), Buffer.from(run.bytes));
  if (from <= run.first) return whole;
  const rest = Array.from({ length: run.first + run.count - from }, (_, index) =>
    whole.recordAt(from - run.first + index),
  );
  return decodeEventBatch(bare(lane), densePositions(from, rest.length), encodeEventBatch(rest, run.appendedMicros));
}
