import { DistributionError } from '../../errors/distribution-error.js';
import type { EventRecord } from '../../event.js';
import type { EventBatch } from '../../event-batch.js';
import type { Clock } from '../../ports/clock.port.js';
import { pause } from '../../pause.js';
import type { GroupCommit, LaneAppend, Log } from '../../ports/log.port.js';
import type { Counter } from '../../ports/metrics.port.js';
import type { LanePosition } from '../../position.js';
import { partitionOf } from '../partition.js';
import type { EventRouter, Placement, Routed } from '../rules/event-router.js';
import type { EncodedTopic, ExternalPayloads } from './external-payloads.js';
import { gatheredTail } from './gathered-tail.js';
import type { LaneRight, LaneRights } from './lane-right.js';

export interface RouterLimits {
  /** How long a lane stays with a process that is gone: less than the 10 s that no lane may stand still. */
  readonly termMs: number;
  /** About so many bytes of events become one append, and as many are read meanwhile. */
  readonly maxAppendBytes: number;
  /** Before a lane that failed, or that another process has, is tried again. */
  readonly retryMs: number;
  /** How often the position of a lane moves of which nothing is routed. */
  readonly idleCommitMs: number;
}

export const DEFAULT_ROUTER_LIMITS: RouterLimits = {
  termMs: 6_000,
  maxAppendBytes: 256 * 1024,
  retryMs: 500,
  idleCommitMs: 1_000,
};

export interface RouterLaneDependencies {
  readonly log: Log;
  readonly router: EventRouter;
  readonly rights: LaneRights;
  readonly payloads?: Pick<ExternalPayloads, 'recordsOf'>;
  readonly clock: Clock;
  readonly limits: RouterLimits;
  readonly counters: RouterCounters;
  readonly onError: (error: unknown) => void;
}

export interface RouterCounters {
  readonly events: Counter;
  readonly copies: Counter;
  readonly refused: Counter;
  readonly gaps: Counter;
}

export interface RoutedLane {
  /** The catalog's name. */
  readonly topic: string;
  /** At which the topic appeared: registered anew, it is another one. */
  readonly catalogVersion: number;
  readonly brokerName: string;
  readonly partition: number;
  readonly group: string;
  /** Undefined: its payloads are handed on as they are. */
  readonly encoded: EncodedTopic | undefined;
}

/**
 * Takes the events of one lane of an external topic through the rules, for as long as it owns the lane.
 *
 * Atomicity: the copies of a batch and the group's position behind it are one append, so a crash at any moment neither
 * loses a copy nor makes it twice (where the log has transactions; elsewhere copies may come twice, and readers drop
 * them). One append at a time: what comes meanwhile waits for the next, within bounds. An owner that is not sure of its right stops;
 * should it be late all the same, a log that knows its members refuses it, and elsewhere the copies that it makes bear ids
 * which their lanes have seen.
 */
export class RouterLane {
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;
  private committedAtMs = 0;

  constructor(
    readonly lane: RoutedLane,
    private readonly deps: RouterLaneDependencies,
  ) {
    this.ended = this.run();
  }

  /** Resolves when nothing of it is under way any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.runTerm(signal);
      } catch (error) {
        // The catalog will say so, too; and who lost a lane has it no more.
        if (!isCode(error, 'topic.not_found') && !isCode(error, 'generation.stale')) this.deps.onError(error);
      }
      if (!signal.aborted) await pause(this.deps.clock, this.deps.limits.retryMs, this.stopping.signal);
    }
  }

  private async runTerm(signal: AbortSignal): Promise<void> {
    const right = await this.deps.rights.acquire(this.lane);
    if (right === 'taken') return;
    try {
      await this.route(right, AbortSignal.any([signal, right.signal]));
    } finally {
      await right.release();
    }
  }

  private async route(right: LaneRight, signal: AbortSignal): Promise<void> {
    const { log, limits } = this.deps;
    const { brokerName, partition } = this.lane;
    const start = await this.start(right);
    // An append takes a transaction, of few events as of many: what came during one goes into the next together.
    const tail = gatheredTail(
      log,
      { topic: brokerName, partition, after: start.position, epoch: start.epoch },
      { signal, maxBytes: limits.maxAppendBytes },
    );
    for await (const batches of tail) {
      if (!right.isSure()) return;
      // What was not appended is read again, by whoever has the lane then.
      if (!(await this.routeBatches(batches, right, signal))) return;
      if (signal.aborted) return;
    }
  }

  /** Where the group stands. A lane that it has never seen is routed from now on: rules are no reason to repeat the past. */
  private async start(right: LaneRight): Promise<LanePosition> {
    const { log } = this.deps;
    const { brokerName: topic, partition, group } = this.lane;
    const ends = (await log.ends(topic))[partition];
    const committed = (await log.committed(group)).find(
      (position) => position.topic === topic && position.partition === partition,
    );
    const { epoch } = ends.lane;
    if (committed !== undefined && committed.epoch === epoch) {
      if (committed.position >= ends.beforeFirst) return committed;
      this.deps.counters.gaps.add();
      return this.standAt(right, { topic, partition, epoch, position: ends.beforeFirst });
    }
    // A topic that was created anew is routed from its first event on.
    return this.standAt(right, {
      topic,
      partition,
      epoch,
      position: committed === undefined ? ends.last : ends.beforeFirst,
    });
  }

  private async standAt(right: LaneRight, position: LanePosition): Promise<LanePosition> {
    const member = await right.member();
    if (!right.isSure()) throw new DistributionError('generation.stale', 'the right to the lane was lost');
    await this.deps.log.commit({ group: this.lane.group, positions: [position], member });
    return position;
  }

  /** False if the right to the lane went before anything was appended, be it for a moment. */
  private async routeBatches(batches: readonly EventBatch[], right: LaneRight, signal: AbortSignal): Promise<boolean> {
    const { clock, counters, limits } = this.deps;
    const records: EventRecord[] = [];
    for (const batch of batches) for (const record of await this.recordsOf(batch)) records.push(record);
    // What took its time may have taken longer than the term.
    if (signal.aborted || !right.isSure()) return false;
    const appends = laneAppends(this.copiesOf(records));
    counters.events.add(batches.reduce((sum, { count }) => sum + count, 0));
    const nowMs = clock.monotonicMs();
    if (appends.length === 0 && nowMs - this.committedAtMs < limits.idleCommitMs) return true;
    const commit = { group: this.lane.group, positions: [positionOf(batches[batches.length - 1])] };
    let member = await right.member();
    // It may be the name of a later membership, under which the lane was not given.
    if (signal.aborted || !right.isSure()) return false;
    for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, limits.retryMs)) {
      try {
        await this.append(appends, { ...commit, member });
        break;
      } catch (error) {
        // The group changed, and nothing was appended; if the lane is still with this process, its member has a new name.
        if (isCode(error, 'generation.stale') && member !== undefined) member = await right.member(member);
        // Too much is in flight: the lane waits, and with it whoever fills it.
        else if (!isCode(error, 'ingest.busy')) throw error;
        await pause(this.deps.clock, waitMs, this.stopping.signal);
        if (signal.aborted || !right.isSure()) return false;
      }
    }
    this.committedAtMs = nowMs;
    counters.copies.add(appends.reduce((sum, { records }) => sum + records.length, 0));
    return true;
  }

  /** Without transactions the copies come first: whoever dies before the position makes them again, under the same ids. */
  private async append(appends: readonly LaneAppend[], commit: GroupCommit): Promise<void> {
    const { log } = this.deps;
    if (log.transactions) {
      await log.append(appends, commit);
      return;
    }
    await log.append(appends);
    await log.commit(commit);
  }

  private async recordsOf(batch: EventBatch): Promise<readonly EventRecord[]> {
    const { encoded } = this.lane;
    const { payloads } = this.deps;
    if (encoded !== undefined && payloads !== undefined) return payloads.recordsOf(encoded, batch);
    return Array.from({ length: batch.count }, (_, index) => batch.recordAt(index));
  }

  private copiesOf(records: readonly EventRecord[]): readonly Placement[] {
    const { router } = this.deps;
    const { topic } = this.lane;
    const events = records.map((record) => ({ topic, record }));
    let routed: readonly (Routed | undefined)[];
    try {
      routed = router.route(events);
    } catch {
      routed = events.map((event) => this.routeAlone(event));
    }
    return routed.flatMap((one) => one?.copies ?? []);
  }

  /** What a rule refuses is refused alone: nobody waits for the answer, and the lane goes on. */
  private routeAlone(event: { readonly topic: string; readonly record: EventRecord }): Routed | undefined {
    try {
      return this.deps.router.route([event])[0];
    } catch (error) {
      this.deps.counters.refused.add();
      if (!(error instanceof DistributionError)) this.deps.onError(error);
      return undefined;
    }
  }
}

const positionOf = ({ lane, lastPosition }: EventBatch): LanePosition => ({
  topic: lane.topic,
  partition: lane.partition,
  epoch: lane.epoch,
  position: lastPosition,
});

function laneAppends(copies: readonly Placement[]): readonly LaneAppend[] {
  const lanes = new Map<string, LaneAppend & { readonly records: EventRecord[] }>();
  for (const { target, record } of copies) {
    const partition = partitionOf(record.routingKey, target.partitions);
    const name = `${target.brokerName}#${partition}`;
    const known = lanes.get(name);
    if (known === undefined) lanes.set(name, { topic: target.brokerName, partition, records: [record] });
    else known.records.push(record);
  }
  return [...lanes.values()];
}

const isCode = (error: unknown, code: string): boolean => error instanceof DistributionError && error.code === code;
