import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore, Ownership } from '../ports/cursor-store.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { Handovers } from './handovers.js';
import type { DurableSubscription } from './subscription.js';
import { takenElsewhere } from './taken-elsewhere.js';

export interface OwnershipAcquisitionDependencies {
  readonly cursors: CursorStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly handovers?: Handovers;
  readonly limits: { readonly ownershipTermMs: number };
}

/** Owners in other processes are asked for this often. */
const FAILOVER_RETRY_MS = 500;

/**
 * The right to a durable subscription that is received in order. Exclusive: `subscription.taken` if there is an owner.
 * Failover: waits for its turn, of which `onWaiting` is told once, or until `isGone`.
 */
export async function acquireOwnership(
  { subscriptionId, type }: DurableSubscription,
  deps: OwnershipAcquisitionDependencies,
  isGone: () => boolean,
  onWaiting: () => void,
): Promise<Ownership> {
  const { cursors, ids, limits, handovers } = deps;
  const ownerId = ids.uuid();
  let isWaiting = false;
  while (!isGone()) {
    const ownership = await cursors.acquire(subscriptionId, ownerId, limits.ownershipTermMs);
    if (ownership !== 'taken') return ownership;
    if (type === 'exclusive') {
      const message = `${subscriptionId} is received by another session`;
      throw await takenElsewhere(subscriptionId, message, cursors, limits.ownershipTermMs);
    }
    if (!isWaiting) onWaiting();
    isWaiting = true;
    await untilReleased(subscriptionId, deps);
  }
  // It was woken for nothing: the next one may have its turn.
  handovers?.released(subscriptionId);
  throw new DistributionError('subscription.not_found', 'the subscription was ended while it waited for its turn');
}

function untilReleased(subscriptionId: string, { clock, handovers }: OwnershipAcquisitionDependencies): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      end?.();
      resolve();
    };
    const cancel = clock.after(FAILOVER_RETRY_MS, done);
    const end = handovers?.wait(subscriptionId, done);
  });
}
