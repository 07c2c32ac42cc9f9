/** Each bucket ends 12 % beyond the one before: a percentile is at most 6 % off, and sketches add up. */
const GROWTH = 2 ** (1 / 6);
const LOG_GROWTH = Math.log(GROWTH);
const LEAST_MS = 0.05;
/** The last bucket takes everything beyond a minute. */
export const LATENCY_BUCKETS = 123;

export type LatencyCounts = Uint32Array | Float64Array | number[];

/** The bucket of a latency; stable, since counts are stored by it. */
export function latencyBucket(latencyMs: number): number {
  if (!(latencyMs > LEAST_MS)) return 0;
  return Math.min(LATENCY_BUCKETS - 1, 1 + Math.floor(Math.log(latencyMs / LEAST_MS) / LOG_GROWTH));
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  return bucket === 0 ? LEAST_MS / 2 : LEAST_MS * GROWTH ** (bucket - 0.5);
}

export function addLatencies(into: LatencyCounts, from: ArrayLike<number>): void {
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) into[bucket] += from[bucket];
}

/** Milliseconds; `share` from 0 to 1. Undefined if nothing was counted. */
export function latencyPercentile(counts: ArrayLike<number>, share: number): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) total += counts[bucket];
  if (total === 0) return undefined;
  const wanted = Math.max(1, Math.ceil(share * total));
  let reached = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    reached += counts[bucket];
    if (reached >= wanted) return Math.round(middleOf(bucket) * 1000) / 1000;
  }
  return middleOf(LATENCY_BUCKETS - 1);
}
