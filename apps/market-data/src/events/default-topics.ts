import { ASSET_CLASSES, type AssetClass, isMarketDataType, type MarketDataType } from '@distributary/contracts';
import {
  brokerNameOf,
  type ConflationKey,
  deadLetterTopic,
  type NewTopic,
  type SlowPolicy,
} from '@distributary/distribution-core';

interface TopicRow {
  readonly name: string;
  readonly dataType: string;
  readonly assetClass?: AssetClass;
  readonly partitions: number;
  readonly retentionPolicy: string;
  readonly priority: number;
  readonly conflationKey: ConflationKey;
}

/** What topics of the whole service are called by. */
export const SERVICE = 'market-data';
export const RECEIPTS_TOPIC = 'market-data/distributed';
/** The data type of receipts, which no producer can give its events. */
export const RECEIPTS = 'RECEIPTS';
export const STATUS_TOPIC = 'market-data/status';
export const DEAD_LETTER_RETENTION = '30d';

/** The newest quote of a symbol at an exchange is the one that counts; of each routing key, if its producer chose several. */
const ONE_QUOTE_PER_SYMBOL: ConflationKey = { attributes: ['data_type', 'symbol', 'exchange'] };

/** A lane is one reader of the broker in each process: as many as the traffic of a class asks for, no more. */
const LANES: Readonly<Record<AssetClass, number>> = { equities: 4, currencies: 2, crypto: 4, futures: 2, indices: 1 };

const TOPIC_ROWS: readonly TopicRow[] = [
  // Of trades and bars each one counts, so they are never conflated; quotes are state.
  ...ofEachClass('normalized', 'TRADE', { lanes: LANES, retention: '7d', priority: 3, key: 'none' }),
  ...ofEachClass('quotes', 'QUOTE', { lanes: LANES, retention: '1d', priority: 4, key: ONE_QUOTE_PER_SYMBOL }),
  ...ofEachClass('bars', 'BAR', { retention: '30d', priority: 5, key: 'none' }),
  topic(STATUS_TOPIC, 'STATUS', { partitions: 1, retention: '30d', priority: 2 }),
  topic(RECEIPTS_TOPIC, RECEIPTS, { partitions: 2, retention: '1d', priority: 9 }),
];
const ROWS: ReadonlyMap<string, TopicRow> = new Map(TOPIC_ROWS.map((row) => [row.name, row]));

const KINDS: Readonly<Record<Exclude<MarketDataType, 'STATUS'>, string>> = {
  TRADE: 'normalized',
  QUOTE: 'quotes',
  BAR: 'bars',
};

/** What the service creates at its first start. */
export function marketDataTopics(tenant = 'default'): readonly NewTopic[] {
  const topics = TOPIC_ROWS.map(({ assetClass: _assetClass, ...row }): NewTopic => ({
    ...row,
    tenant,
    brokerName: brokerNameOf(row.name, tenant),
    enabled: true,
    origin: 'ingested',
  }));
  return [...topics, deadLetterTopic(SERVICE, tenant, DEAD_LETTER_RETENTION)];
}

/** Where an event goes whose producer named no topic. */
export const defaultTopicOf = (dataType: MarketDataType, assetClass: AssetClass): string =>
  dataType === 'STATUS' ? STATUS_TOPIC : `market-data/${KINDS[dataType]}/${assetClass}`;

/** Undefined of topics that are of no class, or that others created. */
export const assetClassOfTopic = (name: string): AssetClass | undefined => ROWS.get(name)?.assetClass;

/** Whether the newest event of a key replaces the ones before. Of topics that the service itself created. */
export function isStateTopic(name: string): boolean {
  const row = ROWS.get(name);
  return row !== undefined && row.conflationKey !== 'none';
}

/** Of events that are state the newest one counts; of all others, those of unknown types included, each one does. */
export const defaultSlowPolicy = (dataType: string): SlowPolicy =>
  isMarketDataType(dataType) && dataType === 'QUOTE' ? 'conflate' : 'block';

function ofEachClass(
  kind: string,
  dataType: MarketDataType,
  row: {
    readonly lanes?: Readonly<Record<AssetClass, number>>;
    readonly retention: string;
    readonly priority: number;
    readonly key: ConflationKey;
  },
): TopicRow[] {
  return ASSET_CLASSES.map((assetClass) => ({
    ...topic(`market-data/${kind}/${assetClass}`, dataType, {
      partitions: row.lanes?.[assetClass] ?? 1,
      retention: row.retention,
      priority: row.priority,
      key: row.key,
    }),
    assetClass,
  }));
}

function topic(
  name: string,
  dataType: string,
  row: {
    readonly partitions: number;
    readonly retention: string;
    readonly priority: number;
    readonly key?: ConflationKey;
  },
): TopicRow {
  const { partitions, retention, priority, key = 'none' } = row;
  return { name, dataType, partitions, retentionPolicy: retention, priority, conflationKey: key };
}
