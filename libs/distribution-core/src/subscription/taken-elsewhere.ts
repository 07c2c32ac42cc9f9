import { DistributionError } from '../errors/distribution-error.js';
import type { CursorStore } from '../ports/cursor-store.port.js';

/** Shorter ones would only ask more often. */
const SOONEST_MS = 100;

/**
 * `subscription.taken`, to be tried again when the term of the present owner would end: one that is gone is replaced by then,
 * and one that lives has renewed it. `termMs` where nobody knows what is left.
 */
export async function takenElsewhere(
  subscriptionId: string,
  message: string,
  cursors: Pick<CursorStore, 'standing'>,
  termMs: number,
): Promise<DistributionError> {
  const standing = await cursors.standing(subscriptionId).catch(() => undefined);
  // Given up since it was asked for: nobody has it any more.
  const leftMs = standing === undefined ? termMs : (standing.termLeftMs ?? 0);
  return new DistributionError('subscription.taken', message, {
    retryAfterMs: Math.max(SOONEST_MS, Math.ceil(leftMs)),
  });
}
