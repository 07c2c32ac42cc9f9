import type { Principal } from '../access/principal.js';
import type { Cursor } from '../cursor.js';
import { DistributionError } from '../errors/distribution-error.js';
import { canonicalSelection } from '../matching/canonical-filter.js';
import type { LanePosition } from '../position.js';
import type { Attached } from './attachment.js';
import type { SessionPrincipal } from './session-principal.js';
import type { SessionState } from './session-state.js';
import type { SubscribeCommand } from './stream-commands.js';

/**
 * What the change permits no more, or permits now, is not told by the old permission from this moment on: ephemeral
 * subscriptions subscribe again from where they are, the others end with an error.
 */
export async function changePrincipal(
  session: SessionState,
  principal: Principal,
  subscribe: (command: SubscribeCommand) => Promise<void>,
): Promise<void> {
  session.principal.current = principal;
  const changed = session.subscriptions.allAttached().flatMap((attached) => {
    if (!hasChanged(session.principal, attached)) return [];
    const positions = attached.reader === undefined ? attached.member.positions() : [];
    return [{ attached, positions }];
  });
  // All at once, before anything is awaited.
  for (const { attached } of changed) if (attached.reader === undefined) session.deps.fanOut.detach(attached.member);
  for (const { attached, positions } of changed) await moveOrEnd(session, attached, positions, subscribe);
}

function hasChanged(principal: SessionPrincipal, attached: Attached): boolean {
  try {
    const { selection } = attached.command;
    if (attached.reader !== undefined) {
      principal.requireWhole(selection);
      return false;
    }
    const present = attached.member.feed.selection;
    const { subscriber } = present;
    return canonicalSelection({ ...principal.permitted(selection), subscriber }) !== canonicalSelection(present);
  } catch {
    return true;
  }
}

async function moveOrEnd(
  { deps, outlet, principal, subscriptions }: SessionState,
  attached: Attached,
  positions: readonly LanePosition[],
  subscribe: (command: SubscribeCommand) => Promise<void>,
): Promise<void> {
  const { command } = attached;
  const { id } = command;
  subscriptions.forget(id);
  try {
    principal.permitted(command.selection);
    if (attached.reader !== undefined || attached.claim !== undefined) {
      throw new DistributionError('auth.forbidden', 'its permissions have changed: subscribe again');
    }
    const cursor: Cursor = { catalogVersion: deps.catalogVersion(), positions };
    await subscribe({ ...command, credit: attached.member.creditLeft, start: { at: 'cursor', cursor } });
  } catch (error) {
    await subscriptions.release(attached);
    const { code, message, retryable } = error as DistributionError;
    outlet.send({ type: 'error', payload: { id, code, message, retryable } });
  }
}
