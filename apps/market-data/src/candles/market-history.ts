import { type DuckDBBlobValue, type DuckDBValue, listValue } from '@duckdb/node-api';
import type { BarInterval } from '@distributary/contracts';
import { DistributionError, type LanePosition } from '@distributary/distribution-core';
import type { ArchiveDisk } from '../archive/archive-disk.js';
import { dividedText, trimmedDecimal, unscaled } from '../archive/decimal-text.js';
import type { HistoryDatabase } from './history-database.js';
import { checkRange, type HistoryRange } from './history-request.js';
import { candleStatement, eventStatement, type StatementShape, topicStatement } from './history-statements.js';
import type { HistoryTail } from './history-tail.port.js';
import { bucketFrom, intervalMicros } from './interval.js';
import { type HistoryGap, type SeamedSources, seamedSources } from './seam.js';

/** Trades of [start, start + interval). Prices, volume and VWAP are exact decimal text. */
export interface Candle {
  readonly startMicros: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Rounded to 18 decimals, half away from zero; undefined if no volume was traded. */
  readonly vwap: string | undefined;
  readonly trades: number;
}

interface HistoryPage {
  readonly hasMore: boolean;
  /** Where this history ends, by lane: a live subscription that starts there follows without hole or copy. */
  readonly ends: readonly LanePosition[];
  readonly gaps: readonly HistoryGap[];
  /** For later pages, with `ends`: what the log alone has did not happen before. */
  readonly tailFromMicros: number;
}

export interface CandlePage extends HistoryPage {
  readonly candles: readonly Candle[];
  /** Where the next page starts, asked with the same `ends`; undefined if there is none. */
  readonly nextStartMicros: number | undefined;
}

export interface StoredMarketEvent {
  readonly place: EventPlace;
  /** As it lies in the log. */
  readonly value: Uint8Array;
}

export interface EventPage extends HistoryPage {
  readonly events: readonly StoredMarketEvent[];
}

export interface EventRequest extends HistoryRange {
  readonly dataTypes?: readonly string[];
  /** The last place of the page before, together with its `ends`. */
  readonly after?: EventPlace;
}

/** Where an event lies among all. */
export interface EventPlace extends LanePosition {
  readonly timeMicros: number;
}

interface SourceShape {
  readonly dataTypes?: readonly string[];
  readonly after?: EventPlace;
  /** Of an event that rules copied to other topics, one alone. */
  readonly isOnce?: boolean;
}

/** The archive's files may be merged or expire while they are read; then all is listed anew. */
const MAX_TRIES = 3;

/** Market data of some symbols, from the archive and, where it ends, from the log. */
export class MarketHistory {
  constructor(
    private readonly disk: ArchiveDisk,
    private readonly database: HistoryDatabase,
    private readonly tail: HistoryTail,
    /** Data types whose prices make candles. */
    private readonly tradeTypes: readonly string[],
  ) {}

  /** Of one symbol. Candles that begin in [start, end), each of them whole, in order; those without trades are left out. */
  async candles(request: HistoryRange & { readonly interval: BarInterval }): Promise<CandlePage> {
    checkRange(request);
    const width = intervalMicros(request.interval);
    const range = {
      ...request,
      startMicros: bucketFrom(request.startMicros, request.interval),
      endMicros: bucketFrom(request.endMicros, request.interval),
    };
    const { rows, hasMore, ...seam } = await this.read(
      range,
      candleStatement,
      { dataTypes: this.tradeTypes, isOnce: true },
      { width: BigInt(width) },
    );
    const candles = rows.map(candleOf);
    const newest = candles.at(-1);
    return { ...seam, hasMore, candles, nextStartMicros: hasMore && newest ? newest.startMicros + width : undefined };
  }

  /** Events by their own time; those of one time by lane and position. Aborted, it stops and rejects. */
  async events(request: EventRequest, signal?: AbortSignal): Promise<EventPage> {
    checkRange(request);
    const { rows, ...page } = await this.read(request, eventStatement, request, {}, signal);
    return { ...page, events: rows.map((row) => ({ place: placeOf(row), value: (row[5] as DuckDBBlobValue).bytes })) };
  }

  /** One turn for all of it: what the log has takes as long as a statement, and as much memory. */
  private read(
    range: HistoryRange,
    statementOf: (shape: StatementShape) => string,
    source: SourceShape,
    extra: Readonly<Record<string, DuckDBValue>>,
    asking?: AbortSignal,
  ): Promise<HistoryPage & { readonly rows: readonly (readonly DuckDBValue[])[] }> {
    return this.database.turns.run((signal) => this.readOnce(range, statementOf, source, extra, signal), asking);
  }

  private async readOnce(
    range: HistoryRange,
    statementOf: (shape: StatementShape) => string,
    { dataTypes, after, isOnce }: SourceShape,
    extra: Readonly<Record<string, DuckDBValue>>,
    signal: AbortSignal,
  ): Promise<HistoryPage & { readonly rows: readonly (readonly DuckDBValue[])[] }> {
    for (let tries = 1; ; tries++) {
      const sources = await seamedSources(this.disk, this.tail, range, signal);
      const { files, live, ...seam } = sources;
      const all: StatementShape = {
        hasFiles: files.length > 0,
        hasLive: live.length > 0,
        hasSymbol: range.symbols.length === 1,
        hasSymbols: range.symbols.length > 1,
        hasExchange: range.exchange !== undefined,
        hasEnds: range.ends !== undefined,
        hasTypes: dataTypes !== undefined,
        hasAfter: after !== undefined,
      };
      if ((!all.hasFiles && !all.hasLive) || range.ends?.length === 0) return { rows: [], hasMore: false, ...seam };
      const parameters = this.parametersOf(range, sources, { dataTypes, after });
      const ask = (statement: string, of: object, rows: SeamedSources['live']) =>
        this.database.rows({ statement, parameters: { ...parameters, ...of }, live: rows, signal });
      try {
        const archived = () => ask(topicStatement({ ...all, hasLive: false }), {}, []);
        const shape = { ...all, hasCopies: isOnce === true && (await areOfSeveralTopics(sources, archived)) };
        const rows = await ask(statementOf(shape), extra, live);
        return { rows: rows.slice(0, range.limit), hasMore: rows.length > range.limit, ...seam };
      } catch (error) {
        signal.throwIfAborted();
        const mayBeGone = error instanceof DistributionError && error.code === 'store.unavailable';
        if (!mayBeGone || tries === MAX_TRIES || (await this.areAllThere(sources))) throw error;
      }
    }
  }

  private parametersOf(range: HistoryRange, { files }: SeamedSources, { dataTypes, after }: SourceShape) {
    const { ends, symbols } = range;
    return {
      from: BigInt(range.startMicros),
      to: BigInt(range.endMicros),
      ...(symbols.length === 1 ? { symbol: symbols[0] } : { symbols: listValue([...symbols]) }),
      ...(range.exchange !== undefined && { exchange: range.exchange }),
      limit: range.limit + 1,
      ...(files.length > 0 && { files: listValue(files.map((file) => this.disk.absolute(file))) }),
      ...(dataTypes && { types: listValue([...dataTypes]) }),
      ...(ends && {
        endTopics: listValue(ends.map(({ topic }) => topic)),
        endPartitions: listValue(ends.map(({ partition }) => partition)),
        endEpochs: listValue(ends.map(({ epoch }) => epoch)),
        endPositions: listValue(ends.map(({ position }) => position)),
      }),
      ...(after && {
        afterTime: BigInt(after.timeMicros),
        afterTopic: after.topic,
        afterPartition: after.partition,
        afterEpoch: after.epoch,
        afterPosition: after.position,
      }),
    };
  }

  private async areAllThere({ files }: SeamedSources): Promise<boolean> {
    const found = await Promise.all(files.map((file) => this.disk.has(file)));
    return found.every(Boolean);
  }
}

/** `archived`: the topics of the files' events, which is asked only where it decides. It costs less than looking for copies. */
async function areOfSeveralTopics(
  { files, live }: SeamedSources,
  archived: () => Promise<readonly (readonly DuckDBValue[])[]>,
): Promise<boolean> {
  const heard = live.map(({ lane }) => lane.topic);
  if (new Set([...heard, ...files.map(({ lane }) => lane.topic)]).size < 2) return false;
  const found = files.length > 0 ? await archived() : [];
  return new Set([...heard, ...found.map(([topic]) => topic)]).size > 1;
}

function candleOf(row: readonly DuckDBValue[]): Candle {
  const [bucket, open, high, low, close, volume, worth, largeWhole, largeRest, trades] = row as readonly [
    bigint,
    ...[string, string, string, string],
    bigint,
    ...[string, string, string],
    bigint,
  ];
  const total = unscaled(worth) + unscaled(largeWhole) + unscaled(largeRest);
  return {
    startMicros: Number(bucket),
    open: trimmedDecimal(open),
    high: trimmedDecimal(high),
    low: trimmedDecimal(low),
    close: trimmedDecimal(close),
    volume: volume.toString(),
    vwap: volume > 0n ? dividedText(total, volume) : undefined,
    trades: Number(trades),
  };
}

function placeOf(row: readonly DuckDBValue[]): EventPlace {
  const [micros, topic, partition, epoch, position] = row as readonly [bigint, string, number, string, string];
  return { timeMicros: Number(micros), topic, partition, epoch, position };
}
