import { historicalStreamSchema } from '@distributary/contracts';
import { invalidRequest, type Selection } from '@distributary/distribution-core';
import { messageFields, parseWith, selectionFor } from '@distributary/distribution-nest';
import { microsOfIso } from '@distributary/distribution-service';
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

/** Of the message as proto-loader gives it. `request.invalid` with every problem. */
export function parseHistoricalRequest(message: object): HistoricalRequest {
  const input = parseWith(historicalStreamSchema, messageFields(flatCriteria(message)));
  const { start_time: start, end_time: end, limit, speed, subscriber_service: subscriber, ...selected } = input;
  const selection = selectionFor(subscriber, marketDataVocabulary.selectionOf(selected));
  const fromMicros = microsOfIso(start);
  const toMicros = end === undefined ? undefined : microsOfIso(end);
  if (fromMicros < 0) throw invalidRequest([{ path: 'start_time', rule: 'must not be before 1970' }]);
  if (toMicros !== undefined && toMicros <= fromMicros) {
    throw invalidRequest([{ path: 'end_time', rule: 'must be after start_time' }]);
  }
  return {
    selection,
    symbols: [...new Set(input.symbols)],
    dataTypes: input.data_types?.map((type) => type.toUpperCase()),
    fromMicros,
    toMicros,
    limit: limit === 0 ? Number.POSITIVE_INFINITY : limit,
    speed,
  };
}
