import {
  type Clock,
  type Counter,
  DistributionError,
  LOCAL_PRINCIPAL,
  type Metrics,
  type Principal,
} from '@distributary/distribution-core';
import type { LimitsConfig } from './limits.config.js';
import { type RatePolicy, type RateVerdict, TokenBuckets } from './token-buckets.js';

/** One caller's share of the limiter: tenants are free to call their keys alike. */
export const keyOf = (principal: Principal = LOCAL_PRINCIPAL): string =>
  `${principal.tenant}\n${principal.kind}\n${principal.id}`;

/** What one caller may ask: a bucket per key and one per address, and one of all handshakes. The same for every door. */
export class RequestLimits {
  private readonly keys: TokenBuckets | undefined;
  private readonly addresses: TokenBuckets | undefined;
  private readonly handshakes: TokenBuckets | undefined;
  private readonly refused: ReadonlyMap<string, Counter>;

  constructor(config: LimitsConfig, clock: Clock, metrics: Metrics) {
    const buckets = (name: string, perSecond: number, burst: number, maxKeys: number) =>
      perSecond === 0
        ? undefined
        : new TokenBuckets({ name, perSecond, burst: Math.max(1, burst) } satisfies RatePolicy, clock, maxKeys);
    const tracked = config.RATE_LIMIT_TRACKED;
    this.keys = buckets('key', config.RATE_LIMIT_PER_KEY, config.RATE_LIMIT_PER_KEY_BURST, tracked);
    this.addresses = buckets('address', config.RATE_LIMIT_PER_ADDRESS, config.RATE_LIMIT_PER_ADDRESS_BURST, tracked);
    this.handshakes = buckets('handshakes', config.HANDSHAKES_PER_SECOND, config.HANDSHAKES_BURST, 1);
    this.refused = new Map(
      ['key', 'address', 'handshakes'].map((policy) => [
        policy,
        metrics.counter('rate_limit_refusals_total', 'Requests and handshakes refused because they were too many', {
          policy,
        }),
      ]),
    );
  }

  /** Undefined: no limit. */
  ofAddress(address: string): RateVerdict | undefined {
    return this.counted(this.addresses?.take(address));
  }

  ofKey(principal: Principal | undefined): RateVerdict | undefined {
    return this.counted(this.keys?.take(keyOf(principal)));
  }

  /** Of the address first, so that one that calls too often does not use up what all have together. */
  ofHandshake(address: string): RateVerdict | undefined {
    const own = this.ofAddress(address);
    return own?.isAllowed === false ? own : this.counted(this.handshakes?.take(''));
  }

  private counted(verdict: RateVerdict | undefined): RateVerdict | undefined {
    if (verdict?.isAllowed === false) this.refused.get(verdict.policy.name)?.add();
    return verdict;
  }
}

/** `quota.exceeded`, with the time after which the bucket has room again. */
export const tooManyRequests = ({ policy, retryAfterMs }: RateVerdict): DistributionError =>
  new DistributionError('quota.exceeded', `too many requests: ${policy.perSecond} a second per ${policy.name}`, {
    retryAfterMs,
  });
