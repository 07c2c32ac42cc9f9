export { createApp, type RunningApp } from './app.js';
export { type MarketDataConfig, marketDataConfig } from './config/market-data.config.js';
export { Archive } from './archive/archive.js';
export { ArchiveDisk } from './archive/archive-disk.js';
export { type ArchiveOptions, DEFAULT_ARCHIVE_OPTIONS } from './archive/archive-options.js';
export type { ArchiveBatch, ArchiveRow } from './archive/archive-row.js';
export { HistoryDatabase } from './candles/history-database.js';
export { candleStatement } from './candles/history-statements.js';
export { intervalMicros } from './candles/interval.js';
