import { invalidRequest, type LanePosition, type Problem } from '@distributary/distribution-core';

/** Times are epoch microseconds. */
export interface HistoryRange {
  /** The topics that hold the symbol's events, without those that hold copies of them by rules. */
  readonly topics: readonly string[];
  readonly symbol: string;
  /** Default: of all exchanges. */
  readonly exchange?: string;
  readonly startMicros: number;
  /** Not included. */
  readonly endMicros: number;
  readonly limit: number;
  /** As of these positions, as an earlier page said; else as of now. */
  readonly ends?: readonly LanePosition[];
}

export const MAX_HISTORY_LIMIT = 10_000;
const MAX_MICROS = 253_402_300_800_000_000;

/** Refuses with every problem, by the names that the parameters have outside. */
export function checkRange({ symbol, startMicros, endMicros, limit }: HistoryRange): void {
  const problems: Problem[] = [];
  const isTime = (micros: number) => Number.isSafeInteger(micros) && micros >= 0 && micros <= MAX_MICROS;
  if (symbol === '') problems.push({ path: 'symbol', rule: 'must not be empty' });
  if (!isTime(startMicros)) problems.push({ path: 'start_time', rule: 'must be a time between 1970 and 9999' });
  if (!isTime(endMicros)) problems.push({ path: 'end_time', rule: 'must be a time between 1970 and 9999' });
  else if (endMicros < startMicros) problems.push({ path: 'end_time', rule: 'must not be before start_time' });
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_HISTORY_LIMIT) {
    problems.push({ path: 'limit', rule: `must be a whole number from 1 to ${MAX_HISTORY_LIMIT}` });
  }
  if (problems.length > 0) throw invalidRequest(problems);
}
