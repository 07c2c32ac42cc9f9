import { mkdirSync, statfsSync } from 'node:fs';
import type { Clock } from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import { type Database, open, type RootDatabase } from 'lmdb';
import { translated, unavailable } from './embedded.errors.js';

/** Raised with every change of what lies in the files; a build reads its own version and refuses others. */
export const FORMAT_VERSION = 1;

/** Records are a quarter of this, unless one event is larger. */
const MAX_SCRATCH_BYTES = 1024 * 1024;
const READER_CHECK_MS = 10_000;
/** Address space, not disk: the file grows with what is stored. Growing a small map costs more than a big one. */
const MAP_BYTES = 2 ** 40;

/** First offset, count, bytes and time of a record are in its key, so that seeking and trimming read no values. */
export type RecordKey = [laneId: number, firstOffset: number, count: number, bytes: number, appendedMicros: number];

export interface LmdbStoreOptions {
  readonly directory: string;
  readonly sync: 'fsync' | 'commit';
  readonly clock: Clock;
}

/**
 * The tables of one data directory and the only way to write to them.
 *
 * Several processes may have it open; transactions of all of them are one sequence. Reads are synchronous and see the
 * newest commit: `read` begins a new snapshot and lets it go before it returns, because a snapshot that is held across
 * an await keeps pages from being used again and the file grows without bound.
 *
 * All processes of a directory must use the same `sync`.
 */
export class LmdbStore {
  readonly meta: Database<unknown, string[]>;
  readonly lanes: Database<Buffer, number>;
  readonly records: Database<Buffer, RecordKey>;
  readonly groups: Database<unknown, (string | number)[]>;
  private readonly root: RootDatabase;
  private cancelReaderCheck: () => void = () => undefined;
  private isOpen = true;
  private hasFailed = false;
  private readonly clock: Clock;
  private readonly directory: string;
  private scratchBytes = Buffer.alloc(0);

  constructor(options: LmdbStoreOptions) {
    this.clock = options.clock;
    this.directory = options.directory;
    mkdirSync(options.directory, { recursive: true });
    const isOverlapping = options.sync === 'commit';
    this.root = open({
      path: options.directory,
      noSubdir: false,
      mapSize: MAP_BYTES,
      maxDbs: 8,
      // fsync: a commit is visible only when it is on disk. commit: visible and acknowledged first, flushed behind.
      overlappingSync: isOverlapping,
      separateFlushed: isOverlapping,
      // The batch of a turn has a promise of its own that nobody can catch: a failed commit would end the process.
      eventTurnBatching: false,
    });
    this.meta = this.root.openDB({ name: 'meta', encoding: 'msgpack' });
    try {
      this.checkFormat(options.directory);
    } catch (error) {
      void this.root.close();
      throw error;
    }
    this.lanes = this.root.openDB({ name: 'lanes', encoding: 'binary' });
    this.records = this.root.openDB({ name: 'records', encoding: 'binary' });
    this.groups = this.root.openDB({ name: 'groups', encoding: 'msgpack' });
    this.scheduleReaderCheck();
  }

  /**
   * Runs `work` in a write transaction, all or nothing; resolves with its result when the commit has the stated
   * durability. `work` must be synchronous and short: it holds the lock that all processes share.
   */
  async write<T>(work: () => T): Promise<T> {
    if (!this.isOpen) throw unavailable('the embedded log is closed');
    try {
      const result = await this.root.childTransaction(work);
      this.hasFailed = false;
      return result;
    } catch (error) {
      this.hasFailed = true;
      throw await translated(error);
    }
  }

  /** For a value that is put, and thereby copied, before the next is asked for. Its content is whatever was there. */
  scratch(bytes: number): Buffer {
    if (bytes > MAX_SCRATCH_BYTES) return Buffer.allocUnsafeSlow(bytes);
    if (this.scratchBytes.length < bytes)
      this.scratchBytes = Buffer.allocUnsafeSlow(Math.min(bytes * 2, MAX_SCRATCH_BYTES));
    return this.scratchBytes.subarray(0, bytes);
  }

  /** Of the file system that it lies on, as far as this process may use it. */
  freeDiskBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  read<T>(work: () => T): T {
    if (!this.isOpen) throw unavailable('the embedded log is closed');
    this.root.resetReadTxn();
    try {
      return work();
    } finally {
      this.root.resetReadTxn();
    }
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.cancelReaderCheck();
    // The store waits for the flush of its last commit; one that failed is never flushed, an empty one is.
    if (this.hasFailed) await this.root.childTransaction(() => undefined).catch(() => undefined);
    await this.root.close();
  }

  private checkFormat(directory: string): void {
    const found = this.meta.transactionSync(() => {
      const version = this.meta.get(['format']);
      if (version === undefined) this.meta.putSync(['format'], FORMAT_VERSION);
      return version ?? FORMAT_VERSION;
    });
    if (found !== FORMAT_VERSION) {
      throw new DistributionError(
        'internal',
        `${directory} holds an embedded log of format ${String(found)}; this build reads format ${FORMAT_VERSION}`,
      );
    }
  }

  /** A reader that was killed leaves its snapshot behind, and with it every page that was freed since. */
  private scheduleReaderCheck(): void {
    this.cancelReaderCheck = this.clock.after(READER_CHECK_MS, () => {
      this.root.readerCheck();
      this.scheduleReaderCheck();
    });
  }
}
