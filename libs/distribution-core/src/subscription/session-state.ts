import type { Outlet } from '../fan-out/outlet.js';
import type { SessionPrincipal } from './session-principal.js';
import type { SessionSubscriptions } from './session-subscriptions.js';
import type { StreamSessionDependencies } from './stream-session-dependencies.js';

/** What everything that a session does goes by. */
export interface SessionState {
  readonly deps: StreamSessionDependencies;
  readonly outlet: Outlet;
  readonly principal: SessionPrincipal;
  readonly subscriptions: SessionSubscriptions;
}
