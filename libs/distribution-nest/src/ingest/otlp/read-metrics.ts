import type { OtlpMetric, OtlpMetricsRequest } from '@distributary/contracts';
import { DistributionError } from '@distributary/distribution-core';
import { textAttributes } from './attribute-text.js';
import type { MetricKind, MetricPoint, ReadMetrics } from './metric-point.js';
import {
  exponentialFigures,
  type Figures,
  histogramFigures,
  nanosOf,
  numberFigures,
  summaryFigures,
} from './point-figures.js';

export interface OtlpLimits {
  readonly maxDataPoints: number;
  readonly maxNameLength: number;
  readonly maxAttributes: number;
  readonly maxAttributeNameLength: number;
  readonly maxAttributeValueLength: number;
}

export const DEFAULT_OTLP_LIMITS: OtlpLimits = {
  maxDataPoints: 10_000,
  maxNameLength: 200,
  maxAttributes: 64,
  maxAttributeNameLength: 100,
  maxAttributeValueLength: 200,
};

const UNKNOWN_SERVICE = 'unknown_service';
/** A flag of OTLP: the series has ended, the point has no value. */
const NO_RECORDED_VALUE = 1;
const TEMPORALITIES = [undefined, 'delta', 'cumulative'] as const;

interface Place {
  readonly service: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: string;
}

interface AnyPoint {
  readonly attributes?: Parameters<typeof textAttributes>[0];
  readonly startTimeUnixNano?: string | number | null;
  readonly timeUnixNano?: string | number | null;
  readonly flags?: number | null;
}

/**
 * Flattens an export into its data points. What cannot be taken is counted with its reason, and the others are taken.
 * `payload.too_large` beyond `maxDataPoints`.
 */
export function readMetrics(request: OtlpMetricsRequest, limits: OtlpLimits = DEFAULT_OTLP_LIMITS): ReadMetrics {
  const points: MetricPoint[] = [];
  const reasons = new Set<string>();
  let seen = 0;
  let rejected = 0;
  for (const { resource, scopeMetrics } of request.resourceMetrics ?? []) {
    const about = textAttributes(resource?.attributes, attributeLimits(limits)).values;
    const service = about['service.name'] ?? UNKNOWN_SERVICE;
    for (const { scope, metrics } of scopeMetrics ?? []) {
      const place: Place = { service, resource: about, scope: (scope?.name ?? '').slice(0, limits.maxNameLength) };
      for (const metric of metrics ?? []) {
        for (const { kind, point, figures } of dataPointsOf(metric)) {
          if (++seen > limits.maxDataPoints) throw tooMany(limits.maxDataPoints);
          if (((point.flags ?? 0) & NO_RECORDED_VALUE) !== 0) continue;
          const read = pointOf(place, metric, kind, point, figures(), limits);
          if (typeof read !== 'string') points.push(read);
          else {
            rejected++;
            reasons.add(read);
          }
        }
      }
    }
  }
  return { points, rejected, reasons: [...reasons] };
}

interface DataPoint {
  readonly kind: MetricKind;
  readonly point: AnyPoint;
  /** A text says why there are none. */
  figures(): Figures | string;
}

function* dataPointsOf({ gauge, sum, histogram, exponentialHistogram, summary }: OtlpMetric): Generator<DataPoint> {
  for (const point of gauge?.dataPoints ?? []) yield { kind: 'gauge', point, figures: () => numberFigures(point) };
  for (const point of sum?.dataPoints ?? []) yield { kind: 'sum', point, figures: () => numberFigures(point) };
  for (const point of histogram?.dataPoints ?? []) {
    yield { kind: 'histogram', point, figures: () => histogramFigures(point) };
  }
  for (const point of exponentialHistogram?.dataPoints ?? []) {
    yield { kind: 'exponential_histogram', point, figures: () => exponentialFigures(point) };
  }
  for (const point of summary?.dataPoints ?? []) {
    yield { kind: 'summary', point, figures: () => summaryFigures(point) };
  }
}

/** A text says why it cannot be taken. */
function pointOf(
  place: Place,
  metric: OtlpMetric,
  kind: MetricKind,
  point: AnyPoint,
  figures: Figures | string,
  limits: OtlpLimits,
): MetricPoint | string {
  const name = metric.name ?? '';
  if (name === '') return 'a metric must have a name';
  if (name.length > limits.maxNameLength)
    return `the name of a metric must have at most ${limits.maxNameLength} characters`;
  if (typeof figures === 'string') return figures;
  const timeNanos = nanosOf(point.timeUnixNano);
  const startNanos = nanosOf(point.startTimeUnixNano);
  if (timeNanos === 'invalid' || startNanos === 'invalid') return 'times must not be before 1970';
  const { values, dropped } = textAttributes(point.attributes, attributeLimits(limits));
  const aggregation = (metric.sum ?? metric.histogram ?? metric.exponentialHistogram)?.aggregationTemporality ?? 0;
  return {
    ...place,
    name,
    unit: metric.unit ?? '',
    kind,
    temporality: kind === 'gauge' || kind === 'summary' ? undefined : TEMPORALITIES[aggregation],
    isMonotonic: kind === 'sum' ? (metric.sum?.isMonotonic ?? false) : undefined,
    attributes: values,
    droppedAttributes: dropped,
    timeNanos,
    startNanos,
    ...figures,
  };
}

const attributeLimits = (limits: OtlpLimits) => ({
  maxCount: limits.maxAttributes,
  maxNameLength: limits.maxAttributeNameLength,
  maxValueLength: limits.maxAttributeValueLength,
});

const tooMany = (most: number) =>
  new DistributionError('payload.too_large', `at most ${most} data points are taken in one export`);
