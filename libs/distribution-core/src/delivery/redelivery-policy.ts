/** Pauses between attempts: exponential with full jitter. Milliseconds. */
export interface RedeliveryPolicy {
  /** At most so long after the first failure; doubled with each further one. */
  readonly firstMs: number;
  readonly maxMs: number;
}

export const DEFAULT_REDELIVERY: RedeliveryPolicy = { firstMs: 200, maxMs: 30_000 };

/** `random` is uniform in [0, 1): receivers that failed together do not come back together. */
export function redeliveryDelayMs({ firstMs, maxMs }: RedeliveryPolicy, failures: number, random: number): number {
  return random * Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
}
