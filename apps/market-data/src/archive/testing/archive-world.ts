import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBInstance, listValue } from '@duckdb/node-api';
import { type Lane, noMetrics, type Position, positionOfOffset } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { Archive } from '../archive.js';
import { ArchiveDisk } from '../archive-disk.js';
import { type ArchiveOptions, DEFAULT_ARCHIVE_OPTIONS } from '../archive-options.js';
import type { ArchiveBatch, ArchiveRow } from '../archive-row.js';
import { chainsOf } from '../file-chain.js';

/** 2026-03-10T00:00:00Z */
export const MIDNIGHT = 1_773_100_800_000_000;
export const SECOND = 1_000_000;
export const DAY = 86_400 * SECOND;

export const aLane = (lane: Partial<Lane> = {}): Lane => ({
  topic: 'market-data/trades',
  partition: 0,
  epoch: 'E1',
  ...lane,
});

/** The event at an offset: a trade a second from noon of the first day on. */
export function aRow(offset: number, row: Partial<ArchiveRow> = {}): ArchiveRow {
  const timeMicros = row.timeMicros ?? MIDNIGHT + DAY / 2 + offset * SECOND;
  return {
    position: positionOfOffset(offset),
    eventId: `event-${offset}`,
    timeMicros,
    brokerMicros: timeMicros,
    symbol: 'AAPL',
    exchange: 'NASDAQ',
    currency: 'USD',
    dataType: 'trade',
    price: '150.25',
    volume: 100n,
    value: Buffer.from(`{"event_id":"event-${offset}"}`),
    ...row,
  };
}

export const aBatch = (from: number, to: number, batch: Partial<ArchiveBatch> = {}): ArchiveBatch => ({
  lane: aLane(),
  rows: Array.from({ length: to - from }, (_, index) => aRow(from + index)),
  ...batch,
});

/** Time stands still until it is turned; what yields to others really does. */
export class StillClock extends FakeClock {
  constructor() {
    super(MIDNIGHT + DAY / 2);
  }

  override soon(callback: () => void): void {
    setImmediate(callback);
  }
}

/** A folder, and archives on it one after another. */
export class ArchiveWorld {
  readonly clock = new StillClock();
  private readonly archives: Archive[] = [];

  private constructor(readonly root: string) {}

  static async make(): Promise<ArchiveWorld> {
    return new ArchiveWorld(await mkdtemp(path.join(tmpdir(), 'archive-')));
  }

  get disk(): ArchiveDisk {
    return new ArchiveDisk(this.root);
  }

  async open(options: Partial<ArchiveOptions> = {}, disk = this.disk): Promise<Archive> {
    const archive = await Archive.open(
      { disk, clock: this.clock, metrics: noMetrics },
      { ...DEFAULT_ARCHIVE_OPTIONS, threads: 1, ...options },
    );
    this.archives.push(archive);
    return archive;
  }

  /** Positions of everything that counts, as a reader finds them: lane after lane, or of one partition alone. */
  async archived(partition?: number): Promise<readonly Position[]> {
    const rows = await this.select('position, lane_partition', 'lane_topic, lane_partition, lane_epoch, position');
    return rows.filter(([, of]) => partition === undefined || of === partition).map(([position]) => String(position));
  }

  async select(columns: string, order: string): Promise<readonly (readonly unknown[])[]> {
    const { chains } = chainsOf(await this.disk.list());
    const paths = [...chains.values()].flatMap(({ files }) => files.map((file) => this.disk.absolute(file)));
    if (paths.length === 0) return [];
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const sql = `SELECT ${columns} FROM read_parquet($paths) ORDER BY ${order}`;
      return (await connection.runAndReadAll(sql, { paths: listValue(paths) })).getRows();
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  async end(): Promise<void> {
    for (const archive of this.archives) await archive.close().catch(() => undefined);
    await rm(this.root, { recursive: true, force: true });
  }
}

export const offsets = (from: number, to: number): Position[] =>
  Array.from({ length: to - from }, (_, index) => positionOfOffset(from + index));
