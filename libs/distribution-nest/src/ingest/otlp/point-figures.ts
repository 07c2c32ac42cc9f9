import type {
  OtlpExponentialPoint,
  OtlpHistogramPoint,
  OtlpNumberPoint,
  OtlpSummaryPoint,
} from '@distributary/contracts';

/** What a data point says, apart from whose it is and when. */
export interface Figures {
  readonly value: number;
  readonly distribution: Readonly<Record<string, unknown>> | undefined;
}

type Wire = string | number | null | undefined;

const MAX_BUCKETS = 1_000;
const MAX_QUANTILES = 100;

const NO_VALUE = 'a data point must have a value';
const NOT_FINITE = 'values must be finite numbers';
const TOO_MANY_BUCKETS = `a histogram must have at most ${MAX_BUCKETS} buckets`;

const isGiven = (value: Wire): value is string | number => value !== null && value !== undefined;

/** Epoch nanoseconds; 0 and absent both mean: not known. */
export function nanosOf(wire: Wire): bigint | undefined | 'invalid' {
  if (!isGiven(wire)) return undefined;
  const nanos = BigInt(wire);
  if (nanos === 0n) return undefined;
  // 20 digits end before the year 9999, which is the last that ISO 8601 writes with four.
  return nanos > 0n ? nanos : 'invalid';
}

export function numberFigures({ asDouble, asInt }: OtlpNumberPoint): Figures | string {
  const given = asDouble ?? asInt;
  if (!isGiven(given)) return NO_VALUE;
  const value = Number(given);
  return Number.isFinite(value) ? { value, distribution: undefined } : NOT_FINITE;
}

export function histogramFigures(point: OtlpHistogramPoint): Figures | string {
  const bounds = (point.explicitBounds ?? []).map(Number);
  const counts = (point.bucketCounts ?? []).map(Number);
  if (counts.length > MAX_BUCKETS || bounds.length > MAX_BUCKETS) return TOO_MANY_BUCKETS;
  if (counts.length > 0 && counts.length !== bounds.length + 1) {
    return 'a histogram must have one bucket more than bounds';
  }
  return figures(point, { bucket_counts: counts, explicit_bounds: bounds });
}

export function exponentialFigures(point: OtlpExponentialPoint): Figures | string {
  const side = (buckets: OtlpExponentialPoint['positive']) => ({
    offset: buckets?.offset ?? 0,
    bucket_counts: (buckets?.bucketCounts ?? []).map(Number),
  });
  const [positive, negative] = [side(point.positive), side(point.negative)];
  if (positive.bucket_counts.length + negative.bucket_counts.length > MAX_BUCKETS) return TOO_MANY_BUCKETS;
  const zero_count = Number(point.zeroCount ?? 0);
  const zero_threshold = isGiven(point.zeroThreshold) ? Number(point.zeroThreshold) : undefined;
  return figures(point, { scale: point.scale ?? 0, zero_count, zero_threshold, positive, negative });
}

export function summaryFigures(point: OtlpSummaryPoint): Figures | string {
  const quantiles = (point.quantileValues ?? []).map(({ quantile, value }) => ({
    quantile: Number(quantile ?? 0),
    value: Number(value ?? 0),
  }));
  if (quantiles.length > MAX_QUANTILES) return `a summary must have at most ${MAX_QUANTILES} quantiles`;
  return figures({ ...point, min: undefined, max: undefined }, { quantiles });
}

function figures(
  { count: wireCount, sum, min, max }: { count?: Wire; sum?: Wire; min?: Wire; max?: Wire },
  details: Readonly<Record<string, unknown>>,
): Figures | string {
  const count = Number(wireCount ?? 0);
  const optional = { sum, min, max };
  const given = Object.entries(optional).flatMap(([name, value]) => (isGiven(value) ? [[name, Number(value)]] : []));
  const distribution = { count, ...(Object.fromEntries(given) as { readonly sum?: number }), ...details };
  if (!isFinite(distribution)) return NOT_FINITE;
  const { sum: total } = distribution;
  const value = total === undefined || count === 0 ? count : total / count;
  return { value, distribution };
}

/** JSON writes what is not finite as null, which readers would take for absent. */
function isFinite(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isFinite);
}
