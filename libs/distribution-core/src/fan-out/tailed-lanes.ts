import { unqualified } from '../access/tenancy.js';
import { DistributionError } from '../errors/distribution-error.js';
import type { EventBatch } from '../event-batch.js';
import { DedupeWindow } from '../ingest/dedupe-window.js';
import type { Lane } from '../lane.js';
import type { Clock } from '../ports/clock.port.js';
import type { LaneEnds, Log } from '../ports/log.port.js';
import type { Metrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import type { Position } from '../position.js';
import { KeyNumbers } from './key-numbers.js';
import { KnownCopies } from './known-copies.js';
import type { LaneState } from './lane-state.js';
import { LaneTail } from './lane-tail.js';
import { MemoryBudget } from './memory-budget.js';
import { Segments } from './segments.js';

export interface TailedLanesLimits {
  readonly segmentBytes: number;
  readonly rewindMs: number;
  readonly dedupeWindowMs: number;
}

export interface TailedLanesHandlers {
  /** Batches after `from` are going to come. */
  onOpening(state: LaneState, from: Position): void;
  /** The batch is in the lane's segments already. */
  onBatch(state: LaneState, batch: EventBatch, skip: Uint8Array | undefined): void;
  /** What comes after the end of the segments, up to `to`, is not to be had any more; after this call they begin anew at `to`. */
  onGap(state: LaneState, to: Position): void;
  onStalled(state: LaneState, isStalled: boolean): void;
  /** Its topic is gone, or nobody wanted it any more. */
  onClosed(state: LaneState): void;
}

/** The lanes that this process reads, each once, and their recent events inside one memory budget. */
export class TailedLanes {
  private readonly lanes = new Map<string, LaneState>();
  private readonly opening = new Map<string, Promise<LaneState>>();
  private readonly budget: MemoryBudget;
  private isStopped = false;

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
    metrics: Metrics,
    private readonly limits: TailedLanesLimits,
    private readonly handlers: TailedLanesHandlers,
  ) {
    this.budget = new MemoryBudget(
      limits.segmentBytes,
      metrics.gauge('fan_out_segment_bytes', 'Bytes of recent events that are kept in memory'),
    );
  }

  values(): IterableIterator<LaneState> {
    return this.lanes.values();
  }

  newWindow(): DedupeWindow {
    return new DedupeWindow({ windowMs: this.limits.dedupeWindowMs });
  }

  /** The lanes of a topic, if all of them are open. */
  opened({ name, partitions }: TopicDefinition): LaneState[] | undefined {
    const states = this.ofTopic(name);
    return states.length === partitions ? states : undefined;
  }

  /** All lanes of a topic, once each has caught up with where it ended when it was opened. */
  async open(topic: TopicDefinition): Promise<LaneState[]> {
    let asked: Promise<readonly LaneEnds[]> | undefined;
    const endsOfAll = () => (asked ??= this.log.ends(topic.brokerName));
    return Promise.all(
      Array.from({ length: topic.partitions }, (_, partition) => {
        const name = `${topic.name}#${partition}`;
        const known = this.lanes.get(name);
        if (known !== undefined) return known.tail.ready.then(() => known);
        let opening = this.opening.get(name);
        if (opening === undefined) {
          opening = this.openLane(topic, partition, endsOfAll).finally(() => this.opening.delete(name));
          this.opening.set(name, opening);
        }
        return opening;
      }),
    );
  }

  /** Its catalog row has changed. */
  redefine(topic: TopicDefinition): LaneState[] {
    const states = this.ofTopic(topic.name);
    for (const state of states) state.topic = topic;
    return states;
  }

  /**
   * It is not in the catalog any more, or `present` has its name now. What was opened for it ends as well; but a lane that
   * was opened while the broker had the present one already, and only the catalog was old, is a lane of that.
   */
  async closeTopic(name: string, present?: TopicDefinition): Promise<void> {
    await Promise.allSettled([...this.opening].flatMap(([lane, of]) => (lane.startsWith(`${name}#`) ? [of] : [])));
    const opened = this.ofTopic(name);
    const ends = present === undefined || opened.length === 0 ? [] : await this.log.ends(present.brokerName);
    const states = opened.filter(({ lane }) => ends[lane.partition]?.lane.epoch !== lane.epoch);
    if (present !== undefined) this.redefine(present);
    for (const state of states) this.close(state);
    await Promise.all(states.map((state) => state.tail.stop()));
  }

  async closeUnwanted(isWanted: (state: LaneState) => boolean): Promise<void> {
    if (this.isStopped) return;
    for (const state of [...this.lanes.values()]) {
      if (isWanted(state)) continue;
      this.close(state);
      await state.tail.stop();
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all([...this.lanes.values()].map((state) => state.tail.stop()));
  }

  private async openLane(
    topic: TopicDefinition,
    partition: number,
    endsOfAll: () => Promise<readonly LaneEnds[]>,
  ): Promise<LaneState> {
    const { log, clock } = this;
    const all = await endsOfAll();
    if (all.length < topic.partitions) {
      const message = `the broker has ${all.length} of the ${topic.partitions} partitions of ${unqualified(topic.name)}`;
      throw new DistributionError('topic.not_found', message);
    }
    const ends = all[partition];
    const lane: Lane = { topic: topic.name, partition, epoch: ends.lane.epoch };
    const now = clock.nowMicros();
    const seek = async (ms: number) => {
      // Without events, there is nothing to go back to.
      if (ends.last <= ends.beforeFirst) return ends.beforeFirst;
      const found = await log.seek(topic.brokerName, partition, now - ms * 1000);
      return found < ends.beforeFirst ? ends.beforeFirst : found;
    };
    const { rewindMs, dedupeWindowMs } = this.limits;
    const [from, windowFrom] = await Promise.all([seek(rewindMs), seek(rewindMs + dedupeWindowMs)]);
    const segments = new Segments(from);
    const copies = new KnownCopies(from);
    const state: LaneState = {
      lane,
      topic,
      segments,
      copies,
      keys: new KeyNumbers(),
      eventCount: 0,
      tail: undefined as never,
    };
    const window = this.newWindow();
    this.handlers.onOpening(state, from);
    state.tail = new LaneTail(
      { log, clock, lane, brokerTopic: topic.brokerName, window, windowFrom, from, readyAt: ends.last },
      {
        onBatch: (batch, skip) => this.take(state, batch, skip),
        onGap: (_, to) => {
          // First, since what waits for a flush is told up to where the segments end.
          this.handlers.onGap(state, to);
          this.budget.remove(segments);
          segments.restartAt(to);
          copies.reached(to);
          this.budget.add(segments);
        },
        onStalled: (isStalled) => {
          state.isStalled = isStalled;
          this.handlers.onStalled(state, isStalled);
        },
        onGone: () => this.close(state),
      },
    );
    this.budget.add(segments);
    this.lanes.set(`${topic.name}#${partition}`, state);
    await state.tail.ready;
    return state;
  }

  private take(state: LaneState, batch: EventBatch, skip: Uint8Array | undefined): void {
    state.eventCount += batch.count;
    state.copies.note(batch, skip);
    this.budget.grewBy(state.segments.append(batch, skip));
    this.handlers.onBatch(state, batch, skip);
  }

  private ofTopic(name: string): LaneState[] {
    return [...this.lanes.values()].filter(({ lane }) => lane.topic === name);
  }

  private close(state: LaneState): void {
    const name = `${state.lane.topic}#${state.lane.partition}`;
    // Its tail may find the topic gone when another lane has the name already.
    if (this.lanes.get(name) !== state) return;
    this.lanes.delete(name);
    this.budget.remove(state.segments);
    this.handlers.onClosed(state);
  }
}
