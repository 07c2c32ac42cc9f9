import { DistributionError } from '../errors/distribution-error.js';
import type { DedupeWindow } from '../ingest/dedupe-window.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import { pause } from '../pause.js';
import { BEFORE_FIRST, type Position } from '../position.js';
import type { LaneState } from './lane-state.js';
import type { LastValueTables } from './last-value-table.js';

const READ_BYTES = 1024 * 1024;
const RETRY_MS = [50, 250, 1000, 2000];
/** A break after each read, in times of what the read took: the live feeds of the process go first. */
const BREAK_SHARE = 1;

export interface LastValueRebuildDependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly tables: LastValueTables;
  readonly newWindow: () => DedupeWindow;
}

/**
 * Reads what a lane held before its tail was opened, once, so that the table has the newest event of every key that
 * the lane still keeps, however long ago that was. A broker that does not answer is asked again until the lane is closed.
 */
export class LastValueRebuild {
  private readonly running = new Map<LaneState, { readonly abort: AbortController; readonly done: Promise<void> }>();

  constructor(private readonly deps: LastValueRebuildDependencies) {}

  /** To be called once for a lane, before events of its tail are taken; `upTo`: the tail hands on what comes after. */
  begin(state: LaneState, upTo: Position): void {
    this.deps.tables.beginRebuild(state.topic.name, state.lane.partition);
    const abort = new AbortController();
    const done = this.run(state, upTo, abort.signal).finally(() => {
      if (this.running.get(state)?.abort === abort) this.running.delete(state);
    });
    this.running.set(state, { abort, done });
  }

  /** Resolves when none of these lanes is being rebuilt any more. */
  async whenDone(states: Iterable<LaneState>): Promise<void> {
    for (const state of [...states]) await this.running.get(state)?.done;
  }

  isRunning(state: LaneState): boolean {
    return this.running.has(state);
  }

  cancel(state: LaneState): void {
    this.running.get(state)?.abort.abort();
  }

  async stop(): Promise<void> {
    const all = [...this.running.values()];
    for (const { abort } of all) abort.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  private async run(state: LaneState, upTo: Position, signal: AbortSignal): Promise<void> {
    const { clock, tables, newWindow } = this.deps;
    const { topic, lane } = state;
    const window = newWindow();
    let at: Position = BEFORE_FIRST;
    let failures = 0;
    while (at < upTo && !signal.aborted) {
      const startedAtMs = clock.monotonicMs();
      try {
        const batches = await this.read(state, at);
        failures = 0;
        if (batches.length === 0 || signal.aborted) break;
        for (const batch of batches) {
          tables.applyOlder(topic, batch, window.markDuplicates(batch), upTo);
          at = batch.lastPosition;
        }
        await pause(this.deps.clock, (clock.monotonicMs() - startedAtMs) * BREAK_SHARE, signal);
      } catch (error) {
        if (error instanceof DistributionError && error.code === 'topic.not_found') break;
        if (error instanceof DistributionError && error.code === 'position.lost') at = BEFORE_FIRST;
        await pause(this.deps.clock, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)], signal);
      }
    }
    if (!signal.aborted) tables.finishRebuild(topic.name, lane.partition);
  }

  private async read({ topic, lane }: LaneState, at: Position) {
    const { log } = this.deps;
    const start = { topic: topic.brokerName, partition: lane.partition, epoch: lane.epoch };
    if (at !== BEFORE_FIRST) return log.read({ ...start, after: at }, READ_BYTES);
    const { beforeFirst } = (await log.ends(topic.brokerName))[lane.partition];
    return log.read({ ...start, after: beforeFirst }, READ_BYTES);
  }
}
