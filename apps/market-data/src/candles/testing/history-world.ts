import path from 'node:path';
import { BEFORE_FIRST, type Lane, type LanePosition, noMetrics } from '@distributary/distribution-core';
import { SystemClock } from '@distributary/distribution-nest';
import type { ArchiveRow } from '../../archive/archive-row.js';
import { ArchiveWorld } from '../../archive/testing/archive-world.js';
import { HistoryDatabase, type HistoryDatabaseOptions } from '../history-database.js';
import type { HistoryTail, TailRead } from '../history-tail.port.js';
import { MarketHistory } from '../market-history.js';

/** A log as history sees it: all rows of each lane, of which a reader takes what is after a position. */
export class HeldTail implements HistoryTail {
  private readonly held = new Map<Lane, ArchiveRow[]>();
  /** Called before each read, as another process would act in between. */
  beforeRead: () => Promise<void> = () => Promise.resolve();

  add(lane: Lane, rows: readonly ArchiveRow[]): void {
    this.held.set(lane, [...(this.held.get(lane) ?? []), ...rows]);
  }

  rowsOf(lane: Lane, after = BEFORE_FIRST): readonly ArchiveRow[] {
    return (this.held.get(lane) ?? []).filter(({ position }) => position > after);
  }

  lanes(topic: string): Promise<readonly Lane[]> {
    return Promise.resolve([...this.held.keys()].filter((lane) => lane.topic === topic));
  }

  async eventsAfter(lane: Lane, after: string, symbols: readonly string[]): Promise<TailRead> {
    await this.beforeRead();
    const rows = this.rowsOf(lane, after);
    return { rows: rows.filter((row) => symbols.includes(row.symbol)), end: rows.at(-1)?.position ?? after };
  }
}

/** An archive, what comes after it in the log, and history over both. */
export class HistoryWorld {
  readonly tail = new HeldTail();

  private constructor(
    readonly archive: ArchiveWorld,
    readonly database: HistoryDatabase,
    readonly history: MarketHistory,
    tail: HeldTail,
  ) {
    this.tail = tail;
  }

  static async make(options: Partial<HistoryDatabaseOptions> = {}): Promise<HistoryWorld> {
    const archive = await ArchiveWorld.make();
    const database = await HistoryDatabase.open(new SystemClock(), noMetrics, {
      threads: 1,
      memoryBytes: 256 * 2 ** 20,
      spillFolder: path.join(archive.root, '.spill-of-reader'),
      maxQueries: 4,
      timeoutMs: 20_000,
      ...options,
    });
    const tail = new HeldTail();
    return new HistoryWorld(archive, database, new MarketHistory(archive.disk, database, tail, ['trade']), tail);
  }

  /** Rows that the log has, and the archive too. */
  async archived(lane: Lane, rows: readonly ArchiveRow[]): Promise<void> {
    this.tail.add(lane, rows);
    const archive = await this.archive.open();
    await archive.append({ lane, rows });
    await archive.close();
  }

  /** What a live subscription that begins at these positions would be given. */
  liveAfter(ends: readonly LanePosition[], lane: Lane): readonly ArchiveRow[] {
    const end = ends.find(({ partition, epoch }) => partition === lane.partition && epoch === lane.epoch);
    return this.tail.rowsOf(lane, end?.position);
  }

  async end(): Promise<void> {
    this.database.close();
    await this.archive.end();
  }
}
