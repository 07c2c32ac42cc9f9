import {
  type Appended,
  type Clock,
  DistributionError,
  type EventBatch,
  type GroupCommit,
  type LaneAppend,
  type LaneEnds,
  type LanePosition,
  type Log,
  type LogTopic,
  offsetOfPosition,
  type Position,
  positionOfOffset,
  type Retention,
  type TailStart,
} from '@distributary/distribution-core';
import { InMemoryLog } from '@distributary/distribution-core/testing';
import type { EventPlace } from '../loss-ledger.js';
import type { Mutation } from './mutation.js';
import type { ProcessClock } from './simulated-time.js';
import type { Wire } from './wire.js';

/** Every so many appends a mutated log is wrong. */
const MUTATE_EVERY = 5;

/** The broker of a simulated world, and what it alone knows: where each event lies first, however often it was appended. */
export class SimulatedBroker {
  private readonly storage: InMemoryLog;
  private readonly places = new Map<string, EventPlace>();
  private readonly epochs = new Map<string, Set<string>>();
  private appendCount = 0;
  appendedEvents = 0;
  /** Second and later copies of an event in its topic. */
  copies = 0;

  constructor(
    private readonly clock: Clock,
    private readonly mutation: Mutation | undefined,
  ) {
    this.storage = new InMemoryLog({ clock });
  }

  get topics(): Pick<Log, 'createTopic' | 'deleteTopic' | 'setRetention' | 'ends'> {
    return this.storage;
  }

  /** What one process talks to. */
  client(): InMemoryLog {
    return this.storage.reopen({ clock: this.clock });
  }

  /** Where the event came to lie first; undefined if it never did. */
  placeOf(topic: string, eventId: string): EventPlace | undefined {
    return this.places.get(`${topic}\n${eventId}`);
  }

  /** Of the lane, before this one, that ever had an event. */
  epochsBefore(lane: string, epoch: string): string[] {
    const all = [...(this.epochs.get(lane) ?? [])];
    const at = all.indexOf(epoch);
    return at < 0 ? all : all.slice(0, at);
  }

  async append(
    client: InMemoryLog,
    appends: readonly LaneAppend[],
    commit: GroupCommit | undefined,
  ): Promise<readonly Appended[]> {
    const isWrong = ++this.appendCount % MUTATE_EVERY === 0;
    if (this.mutation === 'splits-transaction' && commit !== undefined && appends.length > 0) {
      await client.commit(commit);
      if (isWrong) throw new DistributionError('broker.unavailable', 'died between two acts');
      return this.noted(appends, await client.append(appends));
    }
    if (this.mutation === 'loses-append' && isWrong && commit === undefined) {
      return Promise.all(appends.map((append) => this.pretend(client, append)));
    }
    if (this.mutation === 'reorders-append' && isWrong) {
      const turned = appends.map((append) => ({ ...append, records: [...append.records].reverse() }));
      return this.noted(turned, await client.append(turned, commit));
    }
    return this.noted(appends, await client.append(appends, commit));
  }

  private noted(appends: readonly LaneAppend[], appended: readonly Appended[]): readonly Appended[] {
    appends.forEach(({ topic, records }, index) => {
      const { lane, first } = appended[index];
      const offset = offsetOfPosition(first) as number;
      const name = `${topic}#${lane.partition}`;
      this.epochs.set(name, (this.epochs.get(name) ?? new Set()).add(lane.epoch));
      records.forEach(({ eventId }, row) => {
        const key = `${topic}\n${eventId}`;
        this.appendedEvents++;
        if (this.places.has(key)) this.copies++;
        else {
          const position = positionOfOffset(offset + row);
          this.places.set(key, { lane: name, epoch: lane.epoch, position });
        }
      });
    });
    return appended;
  }

  private async pretend(client: InMemoryLog, { topic, partition, records }: LaneAppend): Promise<Appended> {
    const { lane, last } = (await client.ends(topic))[partition];
    const next = (offsetOfPosition(last) as number) + 1;
    return { lane, first: positionOfOffset(next), last: positionOfOffset(next + records.length - 1) };
  }
}

/** The log as one process has it: everything goes over its wire, and fails as wires do. */
export class SimulatedLog implements Log {
  readonly transactions = true;
  private readonly client: InMemoryLog;

  constructor(
    private readonly broker: SimulatedBroker,
    private readonly wire: Wire,
    private readonly process: ProcessClock,
  ) {
    this.client = broker.client();
  }

  /** While out nothing is answered, and tails end at once. */
  setOutage(isOut: boolean): void {
    this.client.setOutage(isOut);
  }

  append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> {
    return this.wire.call(() => this.broker.append(this.client, appends, commit));
  }

  async *tail(
    start: TailStart,
    options: { readonly signal: AbortSignal; readonly maxBatchBytes?: number },
  ): AsyncGenerator<EventBatch, void, void> {
    await this.wire.call(() => Promise.resolve(), false);
    for await (const batch of this.client.tail(start, options)) {
      await this.wire.arrive();
      if (options.signal.aborted) return;
      yield batch;
    }
    // The connection of a dead process ends, and the process does not hear of it.
    if (this.process.isDead) await new Promise(() => undefined);
  }

  read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    return this.wire.call(() => this.client.read(start, maxBytes), false);
  }

  seek(topic: string, partition: number, timeMicros: number): Promise<Position> {
    return this.wire.call(() => this.client.seek(topic, partition, timeMicros), false);
  }

  ends(topic: string): Promise<readonly LaneEnds[]> {
    return this.wire.call(() => this.client.ends(topic), false);
  }

  createTopic(name: string, partitions: number, retention: Retention): Promise<LogTopic> {
    return this.wire.call(() => this.client.createTopic(name, partitions, retention), false);
  }

  deleteTopic(name: string): Promise<void> {
    return this.wire.call(() => this.client.deleteTopic(name), false);
  }

  setRetention(name: string, retention: Retention): Promise<void> {
    return this.wire.call(() => this.client.setRetention(name, retention), false);
  }

  listTopics(): Promise<readonly LogTopic[]> {
    return this.wire.call(() => this.client.listTopics(), false);
  }

  committed(group: string): Promise<readonly LanePosition[]> {
    return this.wire.call(() => this.client.committed(group), false);
  }

  commit(commit: GroupCommit): Promise<void> {
    return this.wire.call(() => this.client.commit(commit));
  }

  deleteGroup(group: string): Promise<void> {
    return this.wire.call(() => this.client.deleteGroup(group), false);
  }

  /** Also what becomes of the connection when its process dies. */
  close(): Promise<void> {
    return this.client.close();
  }
}
