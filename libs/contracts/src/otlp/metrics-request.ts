import { z } from 'zod';

const MAX_INTEGER = 2 ** 64;

/**
 * `ExportMetricsServiceRequest` in OTLP's JSON encoding: camel case, 64-bit integers as texts or numbers, enums as
 * numbers, null the same as absent, unknown fields ignored. What protobuf decodes to has the same shape.
 */
const integer = z.union([
  z.string().regex(/^-?\d{1,20}$/, 'must be an integer'),
  // Not only safe ones: as a number, every present time in nanoseconds lies beyond 2^53, to some 200 ns.
  z.number().min(-MAX_INTEGER).max(MAX_INTEGER).multipleOf(1),
]);
const double = z.union([
  z.number(),
  z.string().regex(/^(NaN|-?Infinity|-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?)$/, 'must be a number'),
]);
const attributes = z.array(z.object({ key: z.string(), value: z.unknown().optional() })).nullish();
const temporality = z.union([z.literal(0), z.literal(1), z.literal(2)]).nullish();

const point = {
  attributes,
  startTimeUnixNano: integer.nullish(),
  timeUnixNano: integer.nullish(),
  flags: z.int().nullish(),
};
const spread = { count: integer.nullish(), sum: double.nullish(), min: double.nullish(), max: double.nullish() };

const numberPoint = z.object({ ...point, asDouble: double.nullish(), asInt: integer.nullish() });
const histogramPoint = z.object({
  ...point,
  ...spread,
  bucketCounts: z.array(integer).nullish(),
  explicitBounds: z.array(double).nullish(),
});
const buckets = z.object({ offset: z.int().nullish(), bucketCounts: z.array(integer).nullish() }).nullish();
const exponentialPoint = z.object({
  ...point,
  ...spread,
  scale: z.int().nullish(),
  zeroCount: integer.nullish(),
  zeroThreshold: double.nullish(),
  positive: buckets,
  negative: buckets,
});
const summaryPoint = z.object({
  ...point,
  count: integer.nullish(),
  sum: double.nullish(),
  quantileValues: z.array(z.object({ quantile: double.nullish(), value: double.nullish() })).nullish(),
});

const metric = z.object({
  name: z.string().nullish(),
  description: z.string().nullish(),
  unit: z.string().nullish(),
  gauge: z.object({ dataPoints: z.array(numberPoint).nullish() }).nullish(),
  sum: z
    .object({
      dataPoints: z.array(numberPoint).nullish(),
      aggregationTemporality: temporality,
      isMonotonic: z.boolean().nullish(),
    })
    .nullish(),
  histogram: z.object({ dataPoints: z.array(histogramPoint).nullish(), aggregationTemporality: temporality }).nullish(),
  exponentialHistogram: z
    .object({ dataPoints: z.array(exponentialPoint).nullish(), aggregationTemporality: temporality })
    .nullish(),
  summary: z.object({ dataPoints: z.array(summaryPoint).nullish() }).nullish(),
});

const scopeMetrics = z.object({
  scope: z.object({ name: z.string().nullish(), version: z.string().nullish() }).nullish(),
  metrics: z.array(metric).nullish(),
});

export const otlpMetricsRequestSchema = z
  .object({
    resourceMetrics: z
      .array(
        z.object({
          resource: z.object({ attributes }).nullish(),
          scopeMetrics: z.array(scopeMetrics).nullish(),
        }),
      )
      .nullish(),
  })
  .meta({
    id: 'ExportMetricsServiceRequest',
    examples: [
      {
        resourceMetrics: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'billing' } }] },
            scopeMetrics: [
              {
                scope: { name: 'example' },
                metrics: [
                  {
                    name: 'queue.depth',
                    unit: '1',
                    gauge: { dataPoints: [{ timeUnixNano: '1750500000000000000', asDouble: 17 }] },
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  });

/** `ExportMetricsServiceResponse`: an empty object if every data point was taken. */
export const otlpMetricsAnswerSchema = z
  .object({
    partialSuccess: z.object({ rejectedDataPoints: z.string(), errorMessage: z.string() }).optional(),
  })
  .meta({ id: 'ExportMetricsServiceResponse' });

/** `google.rpc.Status`, which OTLP answers errors with. `code`: of gRPC. */
export const otlpStatusSchema = z.object({ code: z.int(), message: z.string() }).meta({ id: 'OtlpStatus' });

export type OtlpMetricsRequest = z.output<typeof otlpMetricsRequestSchema>;
export type OtlpMetric = z.output<typeof metric>;
export type OtlpNumberPoint = z.output<typeof numberPoint>;
export type OtlpHistogramPoint = z.output<typeof histogramPoint>;
export type OtlpExponentialPoint = z.output<typeof exponentialPoint>;
export type OtlpSummaryPoint = z.output<typeof summaryPoint>;
export type OtlpAttributes = z.output<typeof attributes>;
