import { historicalStreamSchema, marketSelectionSchema } from '@distributary/contracts';
import { DistributionError, invalidRequest, type Problem, type Selection } from '@distributary/distribution-core';
import { messageFields, parseWith, selectionFor } from '@distributary/distribution-nest';
import { z } from 'zod';
import { microsOfIso } from '@distributary/distribution-service';
import { HISTORY_TIME_RULE, isHistoryTime } from '../candles/history-request.js';
import { marketDataVocabulary } from '../stream/market-data-vocabulary.js';
import { flatCriteria } from '../stream/stream-request.js';

/** What `StreamHistoricalData` is asked for. Times are epoch microseconds. */
export interface HistoricalRequest {
  /** In the tenant's words. */
  readonly selection: Selection;
  readonly symbols: readonly string[];
  /** Undefined: all of them. */
  readonly dataTypes: readonly string[] | undefined;
  readonly fromMicros: number;
  /** Not included. Undefined: all there is when it begins. */
  readonly toMicros: number | undefined;
  /** Infinite: all. */
  readonly limit: number;
  /** Times real time; 0: as fast as the client reads. */
  readonly speed: number;
}

const { start_time, end_time } = historicalStreamSchema.shape;
const timesSchema = z.object({ start_time, end_time });

/** Of the message as proto-loader gives it. `request.invalid` with every problem. */
export function parseHistoricalRequest(message: object): HistoricalRequest {
  const fields = messageFields(flatCriteria(message));
  const problems: Problem[] = [];
  const input = noting(problems, () => parseWith(historicalStreamSchema, fields));
  const selected = marketSelectionSchema.safeParse(fields);
  const selection = selected.success
    ? noting(problems, () => marketDataVocabulary.selectionOf(selected.data))
    : undefined;
  const times = timesSchema.safeParse(fields);
  if (times.success) problems.push(...timeProblems(times.data));
  if (input === undefined || selection === undefined || problems.length > 0) throw invalidRequest(problems);
  const { start_time: start, end_time: end, limit, speed, subscriber_service: subscriber } = input;
  const fromMicros = microsOfIso(start);
  const toMicros = end === undefined ? undefined : microsOfIso(end);
  return {
    selection: selectionFor(subscriber, selection),
    symbols: [...new Set(input.symbols)],
    dataTypes: input.data_types?.map((type) => type.toUpperCase()),
    fromMicros,
    toMicros,
    limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    speed,
  };
}

function timeProblems({ start_time: start, end_time: end }: z.output<typeof timesSchema>): Problem[] {
  const fromMicros = microsOfIso(start);
  const problems: Problem[] = [];
  if (!isHistoryTime(fromMicros)) problems.push({ path: 'start_time', rule: HISTORY_TIME_RULE });
  if (end === undefined) return problems;
  const toMicros = microsOfIso(end);
  if (!isHistoryTime(toMicros)) problems.push({ path: 'end_time', rule: HISTORY_TIME_RULE });
  else if (toMicros <= fromMicros) problems.push({ path: 'end_time', rule: 'must be after start_time' });
  return problems;
}

/** Undefined, and its problems noted, if it is refused with `request.invalid`. */
function noting<Read>(problems: Problem[], read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DistributionError) || error.code !== 'request.invalid') throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
