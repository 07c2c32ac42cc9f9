export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number): void;
}
export interface Gauge {
  set(value: number): void;
}
export interface Histogram {
  observe(value: number): void;
}

/**
 * Where figures go. An instrument is asked for once, at construction, and kept: the hot path only adds numbers.
 * Asking again with the same name and labels gives the same instrument.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram;
}

export const noMetrics: Metrics = {
  counter: () => ({ add: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
};
