/** The closed lists of the market data service. */
export const MARKET_DATA_TYPES = ['TRADE', 'QUOTE', 'BAR', 'STATUS'] as const;
export type MarketDataType = (typeof MARKET_DATA_TYPES)[number];

/** As the topics are called: `market-data/normalized/equities`. */
export const ASSET_CLASSES = ['equities', 'currencies', 'crypto', 'futures', 'indices'] as const;
export type AssetClass = (typeof ASSET_CLASSES)[number];

/** Of an event whose producer named neither a class nor a topic of one, as in the specification's example. */
export const DEFAULT_ASSET_CLASS: AssetClass = 'equities';

export const BAR_INTERVALS = ['1m', '5m', '1h', '1d'] as const;
export type BarInterval = (typeof BAR_INTERVALS)[number];

export const INTERVAL_MS: Readonly<Record<BarInterval, number>> = {
  '1m': 60_000,
  '5m': 300_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
};

/**
 * What a STATUS event says. Of a source: events that never came, numbers that began anew, silence and its end. Of a
 * symbol at an exchange: how it trades.
 */
export const MARKET_STATES = [
  'sequence_gap',
  'sequence_reset',
  'stale',
  'fresh',
  'halted',
  'resumed',
  'opened',
  'closed',
] as const;
export type MarketState = (typeof MARKET_STATES)[number];

export const isAssetClass = (text: string): text is AssetClass => (ASSET_CLASSES as readonly string[]).includes(text);
export const isMarketDataType = (text: string): text is MarketDataType =>
  (MARKET_DATA_TYPES as readonly string[]).includes(text);
