import { invalidRequest, type LanePosition, type Problem } from '@distributary/distribution-core';

/** Times are epoch microseconds. */
export interface HistoryRange {
  /** The topics that hold the symbols' events. Where rules copied one to another of them, candles count it once. */
  readonly topics: readonly string[];
  /** One at least. */
  readonly symbols: readonly string[];
  /** Default: of all exchanges. */
  readonly exchange?: string;
  readonly startMicros: number;
  /** Not included. */
  readonly endMicros: number;
  readonly limit: number;
  /** As of these positions, as an earlier page said; else as of now. */
  readonly ends?: readonly LanePosition[];
  /** Together with `ends`, as an earlier page said: what the log alone had then did not happen before this time. */
  readonly tailFromMicros?: number;
}

export const MAX_HISTORY_LIMIT = 10_000;
/** In the year 2255: what a number holds exactly. */
export const MAX_MICROS = Number.MAX_SAFE_INTEGER;

export const HISTORY_TIME_RULE = 'must be a time between 1970 and 2255';
export const isHistoryTime = (micros: number): boolean => Number.isSafeInteger(micros) && micros >= 0;

/** Refuses with every problem, by the names that the parameters have outside. */
export function checkRange({ symbols, startMicros, endMicros, limit }: HistoryRange): void {
  const problems: Problem[] = [];
  if (symbols.length === 0) problems.push({ path: 'symbols', rule: 'must name one at least' });
  symbols.forEach((symbol, index) => {
    if (symbol === '') problems.push({ path: `symbols[${index}]`, rule: 'must not be empty' });
  });
  if (!isHistoryTime(startMicros)) problems.push({ path: 'start_time', rule: HISTORY_TIME_RULE });
  if (!isHistoryTime(endMicros)) problems.push({ path: 'end_time', rule: HISTORY_TIME_RULE });
  else if (endMicros < startMicros) problems.push({ path: 'end_time', rule: 'must not be before start_time' });
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_HISTORY_LIMIT) {
    problems.push({ path: 'limit', rule: `must be a whole number from 1 to ${MAX_HISTORY_LIMIT}` });
  }
  if (problems.length > 0) throw invalidRequest(problems);
}
