export const METRIC_KINDS = ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'] as const;
export type MetricKind = (typeof METRIC_KINDS)[number];

/** One data point of any kind of OTLP metric, with everything that it says of its series. */
export interface MetricPoint {
  /** The resource's `service.name`. */
  readonly service: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: string;
  readonly name: string;
  readonly unit: string;
  readonly kind: MetricKind;
  readonly temporality: 'delta' | 'cumulative' | undefined;
  readonly isMonotonic: boolean | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of the point, beyond the limits. */
  readonly droppedAttributes: number;
  /** Epoch nanoseconds; undefined if the producer did not say. */
  readonly timeNanos: bigint | undefined;
  readonly startNanos: bigint | undefined;
  /** Of a gauge or sum its value; of the others the mean, or the count if there is no sum. */
  readonly value: number;
  /** What a histogram or summary holds besides. Field names in snake case, as the protocol has them. */
  readonly distribution: Readonly<Record<string, unknown>> | undefined;
}

export interface ReadMetrics {
  readonly points: readonly MetricPoint[];
  /** Points that are not taken, while the others are. */
  readonly rejected: number;
  /** Why, each reason once. */
  readonly reasons: readonly string[];
}
