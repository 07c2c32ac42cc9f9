export interface GroupTimes {
  /** Without a sign of a member for so long, the broker gives its lanes to others. */
  readonly sessionTimeoutMs: number;
  /** How long lanes that are to move wait for what is in flight. */
  readonly revokeWaitMs: number;
}

/** How long members that give up lanes may take; whoever has not come back by then is no member any more. */
export const rebalanceTimeoutMs = ({ sessionTimeoutMs, revokeWaitMs }: GroupTimes): number =>
  revokeWaitMs + sessionTimeoutMs;
