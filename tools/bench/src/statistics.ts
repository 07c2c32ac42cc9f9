/** A figure that was measured several times. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** By how much runs of one thing differ from the ones before, as a share: the median. NaN of fewer than two. */
export function noiseIn(values: readonly number[]): number {
  return median(values.slice(1).map((value, index) => Math.abs(value / values[index] - 1)));
}

/** Nearest rank; `values` need not be sorted. NaN if there are none. */
export function quantile(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/**
 * The quantile of values that stand for different counts: the smallest value so that it and the ones below make up
 * `share` of all weight.
 */
export function weightedQuantile(values: readonly (readonly [value: number, weight: number])[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a[0] - b[0]);
  const wanted = share * sorted.reduce((sum, [, weight]) => sum + weight, 0);
  let reached = 0;
  for (const [value, weight] of sorted) {
    reached += weight;
    if (reached >= wanted) return value;
  }
  return sorted[sorted.length - 1][0];
}
