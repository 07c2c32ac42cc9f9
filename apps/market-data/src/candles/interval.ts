import { type BarInterval, INTERVAL_MS } from '@distributary/contracts';

/** The width. Each divides the day, so buckets begin at UTC's midnight. */
export const intervalMicros = (interval: BarInterval): number => INTERVAL_MS[interval] * 1_000;

/** The first beginning of a bucket at or after this time. */
export const bucketFrom = (micros: number, interval: BarInterval): number =>
  Math.ceil(micros / intervalMicros(interval)) * intervalMicros(interval);
