import {
  type BarInterval,
  DEFAULT_HISTORY_BARS,
  type HistoricalDataQuery,
  historicalDataQuerySchema,
  latestDataQuerySchema,
  symbolParameterSchema,
} from '@distributary/contracts';
import { type Clock, DistributionError, invalidRequest, type Problem } from '@distributary/distribution-core';
import { pathText } from '@distributary/distribution-nest';
import type { z } from 'zod';
import { microsOfIso } from '@distributary/distribution-service';
import { HISTORY_TIME_RULE, isHistoryTime } from '../candles/history-request.js';
import { intervalMicros } from '../candles/interval.js';

/** Bars of one symbol, of every exchange or of one. */
export interface HistoryQuery {
  readonly symbol: string;
  readonly exchange: string | undefined;
  readonly interval: BarInterval;
  /** Epoch microseconds: the first is included, the second is not. */
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly limit: number;
}

/** The newest of what there is of a symbol. */
export interface LatestQuery {
  readonly symbol: string;
  readonly exchange: string | undefined;
  readonly dataType: 'TRADE' | 'QUOTE' | 'BAR' | undefined;
}

const DEFAULT_INTERVAL: BarInterval = '1m';
const timesSchema = historicalDataQuerySchema.pick({ start_time: true, end_time: true });

/**
 * Of the path and the query of a request, or of the fields of a message. Without a start it begins as long before its end as
 * `limit` bars take. `request.invalid` with every problem.
 */
export function parseHistoryQuery(symbol: unknown, query: unknown, clock: Clock): HistoryQuery {
  const problems: Problem[] = [];
  const named = checked(symbolParameterSchema, { symbol }, problems);
  const asked = checked(historicalDataQuerySchema, query ?? {}, problems);
  // Inverted times are told beside what else is wrong.
  const told = asked ?? checked(timesSchema, query ?? {}, []);
  const times = told && timesOf(told, clock);
  if (told !== undefined && times !== undefined) problems.push(...timeProblems(told, times));
  if (named === undefined || asked === undefined || times === undefined || problems.length > 0) {
    throw invalidRequest(problems);
  }
  const { interval = DEFAULT_INTERVAL, limit, exchange } = asked;
  return { symbol: named.symbol, exchange, interval, ...times, limit };
}

/** `request.invalid` with every problem. */
export function parseLatestQuery(symbol: unknown, query: unknown): LatestQuery {
  const problems: Problem[] = [];
  const named = checked(symbolParameterSchema, { symbol }, problems);
  const asked = checked(latestDataQuerySchema, query ?? {}, problems);
  if (named === undefined || asked === undefined) throw invalidRequest(problems);
  return { symbol: named.symbol, exchange: asked.exchange, dataType: asked.data_type };
}

/** Of a symbol that is written well, and of which nothing was ever heard in what the caller may read. */
export const symbolNotFound = ({ symbol, exchange }: Pick<LatestQuery, 'symbol' | 'exchange'>): DistributionError =>
  new DistributionError(
    'symbol.not_found',
    exchange === undefined ? `nothing of a symbol ${symbol}` : `nothing of a symbol ${symbol} at ${exchange}`,
  );

type Times = Pick<HistoryQuery, 'fromMicros' | 'toMicros'>;
type ToldTimes = Pick<HistoricalDataQuery, 'start_time' | 'end_time'>;

/** Of what the caller has said: a start that was made of the end is wrong only where the end is. */
function timeProblems({ start_time: start, end_time: end }: ToldTimes, { fromMicros, toMicros }: Times): Problem[] {
  const outside = (path: string): Problem => ({ path, rule: HISTORY_TIME_RULE });
  const problems: Problem[] = [];
  if (start !== undefined && !isHistoryTime(fromMicros)) problems.push(outside('start_time'));
  if (end !== undefined && !isHistoryTime(toMicros)) problems.push(outside('end_time'));
  if (problems.length > 0 || fromMicros < toMicros) return problems;
  const rule = start === undefined ? 'must be after 1970' : 'must be after start_time';
  return [{ path: 'end_time', rule: end === undefined ? `${rule}; it is now by default` : rule }];
}

function timesOf(query: ToldTimes & Partial<HistoricalDataQuery>, clock: Clock): Times {
  const { start_time: start, end_time: end, interval = DEFAULT_INTERVAL, limit = DEFAULT_HISTORY_BARS } = query;
  const toMicros = end === undefined ? clock.nowMicros() : microsOfIso(end);
  const span = limit * intervalMicros(interval);
  return { fromMicros: start === undefined ? Math.max(0, toMicros - span) : microsOfIso(start), toMicros };
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  problems: Problem[],
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  problems.push(...parsed.error.issues.map(({ path, message }) => ({ path: pathText(path), rule: message })));
  return undefined;
}
