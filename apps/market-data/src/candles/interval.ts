import { invalidRequest } from '@distributary/distribution-core';

const SECOND = 1_000_000;

/** The specification's intervals and their widths in microseconds. Each divides the day, so buckets begin at UTC's midnight. */
export const INTERVALS = {
  '1m': 60 * SECOND,
  '5m': 300 * SECOND,
  '1h': 3600 * SECOND,
  '1d': 86_400 * SECOND,
} as const satisfies Record<string, number>;

export type Interval = keyof typeof INTERVALS;

export function parseInterval(text: string): Interval {
  if (Object.hasOwn(INTERVALS, text)) return text as Interval;
  throw invalidRequest([{ path: 'interval', rule: `must be one of ${Object.keys(INTERVALS).join(', ')}` }]);
}

/** The first beginning of a bucket at or after this time. */
export const bucketFrom = (micros: number, interval: Interval): number =>
  Math.ceil(micros / INTERVALS[interval]) * INTERVALS[interval];
