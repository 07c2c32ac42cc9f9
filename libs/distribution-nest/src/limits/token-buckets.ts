import type { Clock } from '@distributary/distribution-core';
import { LRUCache } from 'lru-cache';

export interface RatePolicy {
  /** As callers see it in `RateLimit-Policy`. */
  readonly name: string;
  readonly perSecond: number;
  /** What a full bucket holds. */
  readonly burst: number;
}

export interface RateVerdict {
  readonly isAllowed: boolean;
  readonly policy: RatePolicy;
  /** Whole requests that may follow at once. */
  readonly remaining: number;
  /** Until the bucket is full again. */
  readonly resetMs: number;
  /** Until one may come back; 0 if it is allowed. */
  readonly retryAfterMs: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * A token bucket per caller. At most `maxKeys` of them: the one that was used longest ago gives way, which by then is
 * full again or nearly so, unless callers come from more places than there are buckets.
 */
export class TokenBuckets {
  private readonly buckets: LRUCache<string, Bucket>;

  constructor(
    private readonly policy: RatePolicy,
    private readonly clock: Clock,
    maxKeys: number,
  ) {
    this.buckets = new LRUCache({ max: maxKeys });
  }

  /** How many callers are remembered. */
  get size(): number {
    return this.buckets.size;
  }

  take(key: string, cost = 1): RateVerdict {
    const { perSecond, burst } = this.policy;
    const nowMs = this.clock.monotonicMs();
    const bucket = this.bucketOf(key, nowMs);
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1_000);
    bucket.atMs = nowMs;
    const isAllowed = bucket.tokens >= cost;
    if (isAllowed) bucket.tokens -= cost;
    const msFor = (tokens: number) => Math.ceil((Math.max(0, tokens) * 1_000) / perSecond);
    return {
      isAllowed,
      policy: this.policy,
      remaining: Math.floor(bucket.tokens),
      resetMs: msFor(burst - bucket.tokens),
      retryAfterMs: isAllowed ? 0 : Math.max(1, msFor(Math.min(cost, burst) - bucket.tokens)),
    };
  }

  private bucketOf(key: string, nowMs: number): Bucket {
    const known = this.buckets.get(key);
    if (known !== undefined) return known;
    const bucket: Bucket = { tokens: this.policy.burst, atMs: nowMs };
    this.buckets.set(key, bucket);
    return bucket;
  }
}
