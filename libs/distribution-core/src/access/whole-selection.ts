import { DistributionError } from '../errors/distribution-error.js';
import { canonicalSelection } from '../matching/canonical-filter.js';
import type { Selection } from '../subscription/subscription.js';
import { effectiveSelection, withoutCovered } from './effective-selection.js';
import type { Principal } from './principal.js';

/**
 * For subscriptions whose events go to any one of several readers: each of them must be permitted all of it, or an event
 * that one may not see would wait for a reader that may not be there. `auth.forbidden`.
 */
export function requireWholeSelection(principal: Principal, selection: Selection): void {
  const effective = effectiveSelection(principal, 'subscribe', selection);
  // Patterns that overlap are one in what is effective.
  const whole = { ...selection, topicPatterns: withoutCovered(selection.topicPatterns) };
  if (canonicalSelection(effective) === canonicalSelection(whole)) return;
  throw new DistributionError('auth.forbidden', 'a shared subscription needs the permission to all that it selects');
}
