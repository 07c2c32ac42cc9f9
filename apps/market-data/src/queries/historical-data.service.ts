import { canonicalDecimal, type HistoricalDataResponse } from '@distributary/contracts';
import {
  type Clock,
  compileTopicPattern,
  type Principal,
  requirePermission,
  type TopicDefinition,
  type TopicDirectory,
  unqualified,
} from '@distributary/distribution-core';
import { isoOfMicros } from '@distributary/distribution-service';
import type { Candle, MarketHistory } from '../candles/market-history.js';
import { grantedTopics } from './granted-topics.js';
import { type HistoryQuery, parseHistoryQuery } from './history-query.js';

const TRADES = compileTopicPattern('market-data/normalized/#');

/** Without topics that others write, which the archive does not have. */
const holdsTrades = ({ name, origin }: TopicDefinition): boolean =>
  origin === 'ingested' && TRADES.matches(unqualified(name));

export class HistoricalDataService {
  constructor(
    private readonly directory: Pick<TopicDirectory, 'list'>,
    /** Opened by the first question. */
    private readonly history: () => Promise<Pick<MarketHistory, 'candles'>>,
    private readonly clock: Clock,
  ) {}

  /**
   * Bars made of the trades of a symbol, of those topics that the principal may read; none is an empty page.
   * `request.invalid` with every problem, `gateway.full` if there are too many questions or the archive is far behind,
   * `store.unavailable` if it takes too long.
   */
  async barsOf(symbol: string, query: unknown, principal: Principal): Promise<HistoricalDataResponse> {
    requirePermission(principal, 'read');
    const asked = parseHistoryQuery(symbol, query, this.clock);
    const { exchange, interval, fromMicros: startMicros, toMicros: endMicros, limit } = asked;
    const of = { ...(exchange !== undefined && { exchange }) };
    const topics = grantedTopics(this.directory.list().filter(holdsTrades), principal, {
      symbol: asked.symbol,
      data_type: 'TRADE',
      ...of,
    }).map(({ brokerName }) => brokerName);
    const page = { symbol: asked.symbol, interval };
    if (topics.length === 0) return { ...page, data: [], count: 0, has_more: false };
    const history = await this.history();
    const { candles, hasMore } = await history.candles({
      topics,
      symbols: [asked.symbol],
      ...of,
      interval,
      startMicros,
      endMicros,
      limit,
    });
    return { ...page, data: candles.map((candle) => barOf(candle, asked)), count: candles.length, has_more: hasMore };
  }
}

function barOf(candle: Candle, { symbol, exchange, interval }: HistoryQuery): HistoricalDataResponse['data'][number] {
  const { startMicros, open, high, low, close, volume, vwap, trades } = candle;
  return {
    symbol,
    ...(exchange !== undefined && { exchange }),
    timestamp: isoOfMicros(startMicros),
    interval,
    open: canonicalDecimal(open),
    high: canonicalDecimal(high),
    low: canonicalDecimal(low),
    close: canonicalDecimal(close),
    volume: exactWhole(volume),
    ...(vwap !== undefined && { vwap: canonicalDecimal(vwap) }),
    trade_count: trades,
  };
}

/** As prices are: a number wherever that holds it, as each trade's own volume, else the text of its digits. */
function exactWhole(text: string): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}
