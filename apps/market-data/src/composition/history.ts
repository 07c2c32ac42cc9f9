import path from 'node:path';
import { type Duties, type FeatureSurroundings, type Parts } from '@distributary/distribution-service';
import { ArchiveDisk, SPILL_PREFIX } from '../archive/archive-disk.js';
import { ArchiveDuty } from '../archive/archive-duty.js';
import { archivedTopics } from '../archive/archive-feed.js';
import { DEFAULT_ARCHIVE_OPTIONS } from '../archive/archive-options.js';
import { archiveRowOf } from '../archive/event-row.js';
import { HistoryDatabase } from '../candles/history-database.js';
import { LogTail } from '../candles/log-tail.js';
import { MarketHistory } from '../candles/market-history.js';
import { OpenedOnce } from '../candles/opened-once.js';
import type { MarketDataConfig } from '../config/market-data.config.js';
import { HistoricalStreams } from '../historical/historical-streams.js';
import { HistoricalDataService } from '../queries/historical-data.service.js';

const MIB = 2 ** 20;
const TAIL = { maxRows: 200_000 };
const READING = { threads: 2, memoryBytes: 512 * MIB, maxQueries: 4, timeoutMs: 20_000 };

/** Half of the queries are left to other questions. */
const STREAMING = { maxReads: READING.maxQueries / 2, pageEvents: 2_000 };

export interface HistoryParts {
  readonly bars: HistoricalDataService;
  readonly streams: HistoricalStreams;
  /** After the duties have stopped. */
  close(): Promise<void>;
}

/** The archive, which one worker of the installation writes, and what every process makes of it and of the log. */
export function openHistory(
  { log, directory }: Pick<Parts, 'log' | 'directory'>,
  { config, roles, clock, ids, metrics, logger }: FeatureSurroundings<MarketDataConfig>,
  duties: Duties,
): HistoryParts {
  const root = path.resolve(config.ARCHIVE_DIR === '' ? path.join(config.DATA_DIR, 'archive') : config.ARCHIVE_DIR);
  const disk = new ArchiveDisk(root);
  const options = {
    ...DEFAULT_ARCHIVE_OPTIONS,
    retentionDays: config.ARCHIVE_RETENTION_DAYS,
    flushAfterMs: config.ARCHIVE_FLUSH_MS,
  };
  const isArchived = archivedTopics({ quotes: config.ARCHIVE_QUOTES === 'on' });
  const onError = (error: unknown) => logger.warn('archive.failed', { error });
  const keeping = roles.has('worker')
    ? new ArchiveDuty({ disk, directory, isArchived, log, clock, metrics, options, onError })
    : undefined;
  if (keeping !== undefined) {
    duties.add('archive', {
      prepare: () => keeping.prepare(),
      onTaken: () => keeping.onTaken(),
      onLost: () => keeping.onLost(),
    });
  }
  // Processes do not share a folder for what they spill.
  const spillFolder = path.join(root, `${SPILL_PREFIX}${ids.uuid()}`);
  const database = new OpenedOnce(() => HistoryDatabase.open(clock, metrics, { ...READING, spillFolder }));
  const tail = new LogTail(log, archiveRowOf, clock, TAIL);
  const history = async () => new MarketHistory(disk, await database.get(), tail, ['TRADE']);
  return {
    bars: new HistoricalDataService(directory, history, clock),
    streams: new HistoricalStreams(
      { directory, isArchived, log, history, clock, metrics },
      { ...STREAMING, maxStreams: config.HISTORY_STREAMS },
    ),
    async close() {
      await keeping?.close();
      await database.close();
    },
  };
}
