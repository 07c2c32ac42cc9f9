import type { RateVerdict } from './token-buckets.js';

export const RATE_LIMIT_POLICY_HEADER = 'ratelimit-policy';
export const RATE_LIMIT_HEADER = 'ratelimit';

/**
 * The header fields of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10), as
 * structured lists: `"key";q=4000;w=2` and `"key";r=3999;t=1`. The window is the time in which an empty bucket fills.
 */
export function rateLimitHeaders(verdicts: readonly RateVerdict[]): Record<string, string> {
  if (verdicts.length === 0) return {};
  const list = (item: (verdict: RateVerdict) => string) => verdicts.map(item).join(', ');
  return {
    [RATE_LIMIT_POLICY_HEADER]: list(
      ({ policy: { name, burst, perSecond } }) => `"${name}";q=${burst};w=${Math.max(1, Math.ceil(burst / perSecond))}`,
    ),
    [RATE_LIMIT_HEADER]: list(
      ({ policy, remaining, resetMs }) => `"${policy.name}";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`,
    ),
  };
}
