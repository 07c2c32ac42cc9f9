import type { Cursor } from '../cursor.js';
import { attachCompeting } from './attach-competing.js';
import { joinFeed } from './attach-in-order.js';
import type { Attachment } from './attachment.js';
import { DurableClaim } from './durable-claim.js';
import { findOrCreate, requireActive } from './durable-definition.js';
import { isCompeting } from './durable-rules.js';
import type { SessionState } from './session-state.js';
import { firstStart, type Start } from './start.js';
import type { SubscribeCommand } from './stream-commands.js';

/** Who keeps durable subscriptions of a session in step with what others do to them. */
export interface DurableFollower {
  /** The claim to the subscription has ended. */
  claimLost(id: string): void;
  /** From now on, until the returned function is called. */
  watch(id: string, subscriptionId: string): (() => void) | undefined;
}

/** Its position is kept by the server: it goes on where whoever received it last acknowledged. */
export async function attachDurable(
  session: SessionState,
  command: SubscribeCommand,
  follower: DurableFollower,
): Promise<Attachment> {
  const { deps, outlet, principal, subscriptions } = session;
  const { id } = command;
  const subscription = await findOrCreate(deps, principal.tenant, command);
  if (isCompeting(subscription.type)) return attachCompeting(session, command, subscription);
  const { subscriptionId } = subscription;
  const claim = await DurableClaim.acquire(
    subscription,
    deps,
    outlet,
    id,
    () => subscriptions.isClosed || !subscriptions.has(id),
    () => follower.claimLost(id),
  );
  try {
    // It may have waited for its turn, and have been paused or deleted meanwhile.
    requireActive(await deps.subscriptions.find(subscriptionId), subscriptionId);
    const stored = await deps.cursors.loadWithAbove(subscriptionId);
    const start: Start =
      stored.length > 0 ? { at: 'cursor', cursor: storedCursor(stored) } : firstStart(command.start, subscription);
    const member = await joinFeed(session, command, subscription, start, claim);
    claim.take(member, stored);
    return { member, claim, subscription, unwatch: follower.watch(id, subscriptionId) };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/** Lanes without a stored position are newer than the subscription: they start at their first event. */
export const storedCursor = (positions: Cursor['positions']): Cursor => ({ catalogVersion: -1, positions });
