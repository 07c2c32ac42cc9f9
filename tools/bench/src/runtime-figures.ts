import { monotonicMicros } from './monotonic-clock.js';

/** What held up the main thread of a service in a window. */
export interface RuntimeFigures {
  /** Of alarms of a timer of 20 ms: of 1,000 of them one was later, so in less than twenty seconds it is the worst. */
  readonly loopDelayP999Ms: number;
  readonly gcMsPerSecond: number;
  /** At most: the end of the bucket that the longest pause is in. */
  readonly gcLongestMs: number;
}

export interface RuntimeReading {
  readonly atMicros: number;
  readonly loopDelay: Histogram;
  readonly gcPause: Histogram;
}

/** How many values are at most `le`, for each end of a bucket, rising; all series of the metric added up. */
interface Histogram {
  readonly upTo: ReadonlyMap<number, number>;
  readonly sum: number;
}

/** All of a service's metrics take its loop for milliseconds, and that would be the longest delay of a quiet window. */
export const RUNTIME_QUERY = 'names=event_loop_delay_ms,gc_pause_ms';

/** Undefined of a server that has no such metrics. `text`: of Prometheus, just read. */
export function runtimeReading(text: string): RuntimeReading | undefined {
  const loopDelay = histogramIn(text, 'event_loop_delay_ms');
  if (loopDelay.upTo.size === 0) return undefined;
  return { atMicros: monotonicMicros(), loopDelay, gcPause: histogramIn(text, 'gc_pause_ms') };
}

/** Undefined if one of the readings is. */
export function runtimeBetween(before?: RuntimeReading, after?: RuntimeReading): RuntimeFigures | undefined {
  if (before === undefined || after === undefined) return undefined;
  const seconds = (after.atMicros - before.atMicros) / 1e6;
  return {
    loopDelayP999Ms: quantileBetween(before.loopDelay, after.loopDelay, 0.999),
    gcMsPerSecond: (after.gcPause.sum - before.gcPause.sum) / seconds,
    gcLongestMs: mostBetween(before.gcPause, after.gcPause),
  };
}

function histogramIn(text: string, name: string): Histogram {
  const upTo = new Map<number, number>();
  for (const [, le, value] of text.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"[^}]*\\} (\\S+)$`, 'gm'))) {
    const end = le === '+Inf' ? Infinity : Number(le);
    upTo.set(end, (upTo.get(end) ?? 0) + Number(value));
  }
  const sums = [...text.matchAll(new RegExp(`^${name}_sum(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return { upTo, sum: sums.reduce((total, [, value]) => total + Number(value), 0) };
}

/** By bucket: its beginning, its end, the values that came into it. */
function* bucketsBetween(before: Histogram, after: Histogram): Generator<readonly [number, number, number]> {
  let [begin, below] = [0, 0];
  for (const [end, value] of after.upTo) {
    const count = value - (before.upTo.get(end) ?? 0);
    yield [begin, end, count - below];
    [begin, below] = [end, count];
  }
}

/** As Prometheus does it: values lie evenly in their bucket, and beyond the last end nothing is known. */
function quantileBetween(before: Histogram, after: Histogram, share: number): number {
  const buckets = [...bucketsBetween(before, after)];
  const wanted = share * buckets.reduce((total, [, , count]) => total + count, 0);
  let reached = 0;
  for (const [begin, end, count] of buckets) {
    if (count > 0 && reached + count >= wanted) {
      return end === Infinity ? begin : begin + ((end - begin) * (wanted - reached)) / count;
    }
    reached += count;
  }
  return Number.NaN;
}

function mostBetween(before: Histogram, after: Histogram): number {
  let most = 0;
  for (const [, end, count] of bucketsBetween(before, after)) if (count > 0) most = end;
  return most;
}
