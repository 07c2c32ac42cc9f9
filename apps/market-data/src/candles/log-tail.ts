import {
  BEFORE_FIRST,
  type Clock,
  DedupeWindow,
  DEDUPE_WINDOW_MS,
  DistributionError,
  type EventBatch,
  type Lane,
  type LaneEnds,
  type Log,
  partitionOf,
  type Position,
} from '@distributary/distribution-core';
import type { ArchiveRow } from '../archive/archive-row.js';
import { wordOf } from '../symbology/routing-key.js';
import type { HistoryTail, TailRead } from './history-tail.port.js';

export interface LogTailOptions {
  /** Of one read; beyond them the archive is too far behind, and `gateway.full` says so. */
  readonly maxRows: number;
}

/** Events are decoded and hashed on the event loop: of one read for some milliseconds. */
const READ_BYTES = 256 * 1024;
const SYMBOL = 'symbol';
const RETRY_AFTER_MS = 5_000;

/** What the archive lacks, read from the log. A symbol is the first part of the routing key, so it has one lane of a topic. */
export class LogTail implements HistoryTail {
  constructor(
    private readonly log: Pick<Log, 'ends' | 'read' | 'seek'>,
    /** One event of a batch as a row; its bytes may be a view of the batch. */
    private readonly rowOf: (batch: EventBatch, index: number) => ArchiveRow,
    private readonly clock: Pick<Clock, 'soon'>,
    private readonly options: LogTailOptions,
  ) {}

  async lanes(topic: string, symbols: readonly string[]): Promise<readonly Lane[]> {
    const ends = await this.endsOfTopic(topic);
    const partitions = new Set(symbols.map((symbol) => partitionOf(wordOf(symbol), ends.length)));
    return ends.map(({ lane }) => lane).filter(({ partition }) => partitions.has(partition));
  }

  async eventsAfter(lane: Lane, after: Position, symbols: readonly string[], signal: AbortSignal): Promise<TailRead> {
    const wanted: ReadonlySet<unknown> = new Set(symbols);
    const { beforeFirst, last } = await this.endsOf(lane);
    const hasLost = after !== BEFORE_FIRST && after < beforeFirst;
    const rows: ArchiveRow[] = [];
    let window: DedupeWindow | undefined;
    let end = after < beforeFirst ? beforeFirst : after;
    while (end < last) {
      const batches = await this.readAfter(lane, end, signal);
      if (batches.length === 0) break;
      window ??= await this.windowBefore(lane, end, batches[0].appendedMicros, signal);
      for (const batch of batches) this.take(batch, window, wanted, rows);
      end = batches[batches.length - 1].lastPosition;
    }
    return { rows, end, ...(hasLost && { lostUpTo: beforeFirst }) };
  }

  /** A log in memory or in files has its answer at once, so that without a pause nobody else would have a turn. */
  private async readAfter(lane: Lane, after: Position, signal: AbortSignal): Promise<readonly EventBatch[]> {
    await new Promise<void>((resolve) => this.clock.soon(resolve));
    signal.throwIfAborted();
    return this.log.read({ ...lane, after }, READ_BYTES);
  }

  /** None of a topic that the broker has no more: what was archived of it is all there is. */
  private async endsOfTopic(topic: string): Promise<readonly LaneEnds[]> {
    try {
      return await this.log.ends(topic);
    } catch (error) {
      if (error instanceof DistributionError && error.code === 'topic.not_found') return [];
      throw error;
    }
  }

  private async endsOf(lane: Lane) {
    const ends = (await this.log.ends(lane.topic)).find((each) => each.lane.partition === lane.partition);
    if (ends?.lane.epoch === lane.epoch) return ends;
    throw new DistributionError('position.lost', `the topic ${lane.topic} was made anew while it was read`);
  }

  /** The ids of one dedupe window before the position, so that a copy of an archived event is known as one. */
  private async windowBefore(
    lane: Lane,
    position: Position,
    firstMicros: number,
    signal: AbortSignal,
  ): Promise<DedupeWindow> {
    const window = new DedupeWindow();
    const fromMicros = Math.max(0, firstMicros - DEDUPE_WINDOW_MS * 1000);
    let at = await this.log.seek(lane.topic, lane.partition, fromMicros);
    while (at < position) {
      const batches = await this.readAfter(lane, at, signal);
      if (batches.length === 0) break;
      for (const batch of batches) {
        const count = batch.positions.indexAfter(position);
        if (count === batch.count) window.markDuplicates(batch);
        else for (let index = 0; index < count; index++) window.seen(batch.eventIdAt(index), batch.appendedMicros);
      }
      at = batches[batches.length - 1].lastPosition;
    }
    return window;
  }

  private take(batch: EventBatch, window: DedupeWindow, wanted: ReadonlySet<unknown>, rows: ArchiveRow[]): void {
    const copies = window.markDuplicates(batch);
    for (let index = 0; index < batch.count; index++) {
      if (copies?.[index] === 1 || !wanted.has(batch.attributeAt(index, SYMBOL))) continue;
      if (rows.length >= this.options.maxRows) {
        throw new DistributionError('gateway.full', `the archive is more than ${this.options.maxRows} events behind`, {
          retryAfterMs: RETRY_AFTER_MS,
        });
      }
      rows.push(this.rowOf(batch, index));
    }
  }
}
